"""``constraints.txt`` pins everything that the commands, the tests and the benchmarks need."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.partition("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in pins}


def _declared() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in extra)]
    return [requirement for text in texts if (requirement := Requirement(text)).name != PROJECT["name"]]


def test_lines_are_exact_versions() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), line


def test_every_declared_requirement_is_pinned_to_a_version_it_allows() -> None:
    pins = _pinned()
    for requirement in _declared():
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(Version(version)), f"{requirement} against {version}"


def test_what_the_declared_requirements_need_is_pinned_too() -> None:
    pins = _pinned()
    for name in pins:
        try:
            needed = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:  # a peer of the benchmarks that is not installed here
            continue
        for requirement in needed:
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                assert canonicalize_name(requirement.name) in pins, f"{name} needs {requirement}"


@pytest.mark.parametrize("extra", ["augment", "baseline", "dask", "plot"])
def test_all_is_every_extra_a_command_uses(extra: str) -> None:
    (everything,) = PROJECT["optional-dependencies"]["all"]
    assert extra in Requirement(everything).extras
