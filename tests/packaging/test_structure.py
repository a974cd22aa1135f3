"""The repository is readable from its tree: few modules in a folder, no import circles, names of the field."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import stemgmd_tools

PACKAGE = Path(stemgmd_tools.__file__).parent
MOST_MODULES = 12
"""In one folder, ``__init__`` aside."""
MOST_TESTS = 14
ROOT = Path(__file__).resolve().parents[2]
INSTEAD = {
    "found": "detected, measured or what it is",
    "heard": "audible, measured or seen",
    "kept": "retained, cached or remaining",
    "made": "generated, rendered or what it is",
    "told": "reported, given or what it is",
}
"""Words that no name may have, with words to take instead. Names of tests are sentences and may have them."""


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


def test_folders_of_tests_are_small() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    sizes = {folder.relative_to(ROOT).as_posix(): len(list(folder.glob("test_*.py"))) for folder in folders}
    assert {folder: size for folder, size in sizes.items() if size > MOST_TESTS} == {}


@pytest.mark.parametrize("folder", ["stemgmd_tools", "tools", "benchmarks", "docs", "tests"])
def test_names_are_words_of_the_field(folder: str) -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{line}: {name} (say {INSTEAD[word]})"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name, line in _names(ast.parse(path.read_text(encoding="utf-8")))
        for word in INSTEAD.keys() & set(name.lower().split("_"))
    ]
    assert faults == []


def test_a_word_that_is_not_of_the_field_is_seen() -> None:
    code = "def f(told):\n    self.is_found = KEPT_OUT = [heard for heard in told]\nclass Made:\n    pass\n"
    names = {name for name, _ in _names(ast.parse(code)) if INSTEAD.keys() & set(name.lower().split("_"))}
    assert names == {"told", "is_found", "KEPT_OUT", "heard", "Made"}
    assert set(_names(ast.parse("def test_what_is_found_is_told():\n    pass"))) == set()


def _names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the names that a module gives, with their lines: variables, parameters, attributes, functions, classes."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                if not name.startswith("test_"):
                    yield name, node.lineno
            case ast.alias(asname=str(name)):
                yield name, node.lineno


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
