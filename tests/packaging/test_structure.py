"""The package is readable from its tree: few modules in a folder, no import circles."""

from __future__ import annotations

import ast
from pathlib import Path

import stemgmd_tools

PACKAGE = Path(stemgmd_tools.__file__).parent
MOST_MODULES = 12
"""In one folder, ``__init__`` aside."""


def _modules() -> dict[str, Path]:
    """Return every module of the package by its name; a package stands for its ``__init__``."""
    modules = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def test_folders_are_small() -> None:
    sizes: dict[str, int] = {}
    for path in PACKAGE.rglob("*.py"):
        if path.name != "__init__.py":
            folder = path.parent.relative_to(PACKAGE).as_posix()
            sizes[folder] = sizes.get(folder, 0) + 1
    assert {folder: size for folder, size in sizes.items() if size > MOST_MODULES} == {}


def test_no_imports_go_in_circles_even_those_for_type_checkers() -> None:
    modules = _modules()
    imports = {name: _imported(path, modules) - {name} for name, path in modules.items()}
    while ends := {name for name, targets in imports.items() if not targets}:
        imports = {name: targets - ends for name, targets in imports.items() if name not in ends}
    assert imports == {}


def _imported(path: Path, modules: dict[str, Path]) -> set[str]:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                imported.add(inner if inner in modules else node.module)
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names} & modules.keys()
    return imported
