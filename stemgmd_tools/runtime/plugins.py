"""Find the modules that declare effects, models, metrics, manifest columns, kit formats and exports.

Each of these has a package. Every module in it declares one or more of them in a constant, and nothing else has to be
changed to add one. Other distributions add theirs through an entry point (PyPA, *Entry points specification*) whose
group is the package's name, for example::

    [project.entry-points."stemgmd_tools.separation.models"]
    tiny = "my_package.tiny"
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

from stemgmd_tools.errors import StemgmdError

T = TypeVar("T")


class PluginError(StemgmdError):
    """A module that should declare something does not, or cannot be imported."""


@cache
def modules(package: str) -> tuple[ModuleType, ...]:
    """Return the modules of a package, then those of its entry points, each sorted by name.

    Modules whose names start with an underscore are left out.

    :param package: full name, such as ``stemgmd_tools.separation.models``; also the group of entry points.
    :raises PluginError: if the module of an entry point cannot be imported.
    """
    folder = importlib.import_module(package)
    names = sorted(found.name for found in pkgutil.iter_modules(folder.__path__) if not found.name.startswith("_"))
    own = [importlib.import_module(f"{package}.{name}") for name in names]
    others = []
    for entry in sorted(entry_points(group=package), key=lambda entry: entry.name):
        try:
            others.append(importlib.import_module(entry.value))
        except Exception as error:
            raise PluginError(
                f"entry point {entry.name} = {entry.value} of {package}: cannot be imported ({error}); "
                "mend or uninstall the distribution that declares it"
            ) from error
    return (*own, *others)


def declared(package: str, constant: str, kind: type[T]) -> tuple[T, ...]:
    """Return what the modules of a package declare, in the order of :func:`modules`.

    :param constant: name of the module constant that holds one ``kind`` or a tuple of them. Modules of the package
        without it are helpers.
    :raises PluginError: if the module of an entry point lacks the constant, or it holds something else.
    """
    members: list[T] = []
    for module in modules(package):
        held = getattr(module, constant, None)
        if held is None and module.__name__.startswith(f"{package}."):
            continue
        row = held if isinstance(held, tuple) else (held,)
        for member in row:
            if not isinstance(member, kind):
                raise PluginError(
                    f"module {module.__name__}: {constant} is {type(member).__name__}; "
                    f"give one {kind.__name__} or a tuple of them"
                )
            members.append(member)
    return tuple(members)
