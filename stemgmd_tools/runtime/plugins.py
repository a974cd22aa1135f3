"""Find the modules that declare effects, models, metrics, manifest columns, kit formats and exports.

Each of these has a package. Every module in it declares one or more of them in a constant, and nothing else has to be
changed to add one. Other distributions add theirs through an entry point (PyPA, *Entry points specification*) whose
group is the package's name, for example::

    [project.entry-points."stemgmd_tools.separation.models"]
    tiny = "my_package.tiny"
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Final, TypeVar

from stemgmd_tools.errors import StemgmdError

T = TypeVar("T")
OTHERS_VARIABLE: Final = "STEMGMD_PLUGINS"
"""Environment variable; 0 leaves out what other distributions declare."""

_OWN: Final = f"{__name__.partition('.')[0]}."


class PluginError(StemgmdError):
    """A module that should declare something does not, or cannot be imported."""


@cache
def module_names(package: str) -> dict[str, str]:
    """Return the full names of modules by their own names, without importing them.

    The modules of a package come first, then those of its entry points, each sorted by name. An entry point is known by
    its name. Modules of the package whose names start with an underscore are left out.

    :param package: full name, such as ``stemgmd_tools.separation.models``; also the group of entry points.
    :raises PluginError: if an entry point has the name of another or of a module of the package.
    """
    folder = importlib.import_module(package)
    own = sorted(one.name for one in pkgutil.iter_modules(folder.__path__) if not one.name.startswith("_"))
    names = {name: f"{package}.{name}" for name in own}
    others = set() if os.environ.get(OTHERS_VARIABLE) == "0" else set(entry_points(group=package))
    for entry in sorted(others, key=lambda entry: entry.name):
        if entry.name in names:
            raise PluginError(
                f"entry point {entry.name} = {entry.value} of {package}: {names[entry.name]} has the same name; "
                "uninstall the distribution that declares it, or rename its entry point"
            )
        names[entry.name] = entry.value
    return names


@cache
def modules(package: str) -> tuple[ModuleType, ...]:
    """Return the modules of :func:`module_names`, imported.

    :raises PluginError: if the module of an entry point cannot be imported.
    """
    return tuple(_imported(name) for name in module_names(package).values())


def declared(package: str, constant: str, kind: type[T]) -> tuple[T, ...]:
    """Return what the modules of a package declare, in the order of :func:`modules`.

    :param constant: name of the module constant that holds one ``kind`` or a tuple of them. Modules of the package
        without it are helpers.
    :raises PluginError: if the module of an entry point lacks the constant, or it holds something else.
    """
    members: list[T] = []
    for module in modules(package):
        if not hasattr(module, constant) and module.__name__.startswith(f"{package}."):
            continue
        members += _members(module, constant, kind)
    return tuple(members)


def declared_in(name: str, constant: str, kind: type[T]) -> T:
    """Return what one module declares.

    :param name: full name of the module.
    :raises PluginError: if it cannot be imported, or its constant does not hold one ``kind``.
    """
    members = _members(_imported(name), constant, kind)
    if len(members) != 1:
        raise PluginError(f"module {name}: {constant} holds {len(members)}; give one {kind.__name__}")
    return members[0]


def _imported(name: str) -> ModuleType:
    """Return a module; errors of modules of this toolkit are not translated."""
    try:
        return importlib.import_module(name)
    except Exception as error:
        if name.startswith(_OWN):
            raise
        raise PluginError(
            f"module {name}: cannot be imported ({error}); mend or uninstall the distribution that declares it"
        ) from error


def _members(module: ModuleType, constant: str, kind: type[T]) -> tuple[T, ...]:
    value = getattr(module, constant, None)
    members = value if isinstance(value, tuple) and not isinstance(value, kind) else (value,)
    for member in members:
        if not isinstance(member, kind):
            raise PluginError(
                f"module {module.__name__}: {constant} is {type(member).__name__}; "
                f"give one {kind.__name__} or a tuple of them"
            )
    return members
