"""Check a kit by all rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stemgmd_tools.kits.checks.base import Finding, Rule, Severity
from stemgmd_tools.kits.checks.measures import measure_kit
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.runtime.plugins import declared

_PACKAGE: Final = "stemgmd_tools.kits.checks.rules"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The findings of all rules about one kit."""

    kit: str
    takes: int
    """Number of takes measured."""
    findings: tuple[tuple[Rule, Finding], ...]
    """By severity, then in the order of rules and of the kit."""

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(rule.severity is severity for rule, _ in self.findings)


def rules() -> tuple[Rule, ...]:
    """Return all rules."""
    return declared(_PACKAGE, "RULES", Rule)


def check_kit(kit: Kit, progress: Callable[[str], None] = lambda _: None) -> CheckResult:
    """Measure a kit and apply all rules.

    :param progress: called with the name of each articulation.
    """
    measured = measure_kit(kit, progress)
    severities = list(Severity)
    findings = [(rule, finding) for rule in rules() for finding in rule.find(measured)]
    findings.sort(key=lambda row: severities.index(row[0].severity))
    return CheckResult(kit.name, len(measured.takes), tuple(findings))
