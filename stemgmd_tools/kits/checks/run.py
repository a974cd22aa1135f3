"""Check a kit by all rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.checks.base import Finding, Rule, Severity
from stemgmd_tools.kits.checks.levels import LayerLevel, layer_levels
from stemgmd_tools.kits.checks.measures import measure_kit, measured_names
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.kit import Kit, sample_files
from stemgmd_tools.runtime.plugins import declared

UNREADABLE: Final = "unreadable"
"""Name of the rule for kits and files that cannot be used."""
_PACKAGE: Final = "stemgmd_tools.kits.checks.rules"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The findings of all rules about one kit."""

    kit: str
    takes: int
    """Number of takes measured."""
    findings: tuple[tuple[Rule, Finding], ...]
    """By severity, then in the order of rules and of the kit."""
    levels: tuple[LayerLevel, ...] = ()

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(rule.severity is severity for rule, _ in self.findings)


def rules() -> tuple[Rule, ...]:
    """Return all rules."""
    return declared(_PACKAGE, "RULES", Rule)


def check_named(
    name: str, kit_path: Sequence[Path], progress: Callable[[int, int], None] = lambda *_: None, *, jobs: int = 1
) -> CheckResult:
    """Check a kit by name; one that cannot be loaded, for example for lack of a file, has one finding.

    :param progress: receives how many articulations are measured, and of how many.
    :param jobs: worker processes for modelled kits, whose sounds have to be computed.
    :raises UsageError: for an unknown name.
    """
    try:
        kit = load_kit(name, kit_path)
    except KitError as error:
        rule = next(rule for rule in rules() if rule.name == UNREADABLE)
        return CheckResult(name, 0, ((rule, Finding("kit", str(error))),))
    total, done = len(measured_names(kit)), itertools.count(1)
    is_recorded = next(iter(sample_files(kit.map)), None) is not None
    return check_kit(kit, lambda _: progress(next(done), total), jobs=1 if is_recorded else jobs)


def check_kit(kit: Kit, progress: Callable[[str], None] = lambda _: None, *, jobs: int = 1) -> CheckResult:
    """Measure a kit and apply all rules.

    :param progress: called with the name of each articulation.
    :param jobs: worker processes.
    """
    measured = measure_kit(kit, progress, jobs=jobs)
    severities = list(Severity)
    findings = [(rule, finding) for rule in rules() for finding in rule.find(measured)]
    findings.sort(key=lambda row: severities.index(row[0].severity))
    return CheckResult(kit.name, len(measured.takes), tuple(findings), layer_levels(measured))
