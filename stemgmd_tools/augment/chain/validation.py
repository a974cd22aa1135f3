"""Validate chains and rows beyond their types: effects, scopes, parameter ranges, order of steps."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias, TypeGuard

from stemgmd_tools.augment.chain.catalogue import EFFECT_OF_NAME
from stemgmd_tools.augment.chain.effect import DRAWN, SEEDS, Domain, Effect, Kind, Parameter, Scope, Value
from stemgmd_tools.augment.chain.rows import Row
from stemgmd_tools.augment.chain.schema import Chain, Distribution, Step
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.strict_yaml.problem import Problem, nearest

At: TypeAlias = tuple[str | int, ...]

STEM_NAMES: Final = tuple(dict.fromkeys(member.value for member in (*PIECES, *GROUPS)))
"""Names allowed in a step's ``stems``."""

_NUMBERS: Final = (Kind.REAL, Kind.INTEGER)
_ALONE: Final = (Scope.STEM, Scope.TARGET)
_PHASES: Final = ("performance", "kit", "audio", "mixture-scope")


def problems(chain: Chain) -> Iterator[Problem]:
    """Yield all problems of a chain whose types are valid."""
    for index, step in enumerate(chain.steps):
        at = ("steps", index)
        effect = EFFECT_OF_NAME.get(step.effect)
        if effect is None:
            known = ", ".join(EFFECT_OF_NAME)
            yield Problem(
                (*at, "effect"), f'unknown effect "{step.effect}"{nearest(step.effect, EFFECT_OF_NAME)}; known: {known}'
            )
            continue
        yield from _selection(at, step, effect)
        yield from _parameters(at, step, effect)
    yield from _order(chain)


def check_rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Validate rows from a file and return them.

    :raises AugmentError: for an unknown effect or scope, or an unknown, missing or invalid parameter.
    """
    checked = tuple(rows)
    for row in checked:
        fault = _row_fault(row)
        if fault is not None:
            raise AugmentError(f"{row.example}, step {row.step + 1}: {fault}")
    return checked


def _row_fault(row: Row) -> str | None:
    effect = EFFECT_OF_NAME.get(row.effect)
    if effect is None:
        return f'unknown effect "{row.effect}"{nearest(row.effect, EFFECT_OF_NAME)}'
    if row.scope not in effect.scopes:
        return f'{row.effect} has scope "{row.scope}"; allowed: {", ".join(effect.scopes)}'
    names = [parameter.name for parameter in effect.parameters]
    if set(names) != set(row.parameters):
        return f"{row.effect} has the parameters {', '.join(row.parameters)}; needed: {', '.join(names)}"
    for parameter in effect.parameters:
        value = row.parameters[parameter.name]
        fault = _drawn_fault(value, parameter) if parameter.kind in DRAWN else _fault(value, parameter)
        if fault is not None:
            return f"{row.effect}: {parameter.name} is {json.dumps(value)}; {fault}"
    return None


def _is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a number; rows from a file may also hold text, flags, lists and null."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _drawn_fault(value: Value, parameter: Parameter) -> str | None:
    """Return the rule that an always drawn value breaks, or None."""
    if parameter.kind in (Kind.KIT, Kind.PERFORMANCE):
        return None if isinstance(value, str) and value else "must be a name"
    if not _is_number(value):
        return "must be a number"
    if parameter.kind is Kind.SEED:
        return None if isinstance(value, int) and 0 <= value < SEEDS else f"must be a whole number in 0..{SEEDS - 1}"
    lowest = 0.0 if parameter.kind is Kind.START else math.ulp(0.0)
    return None if lowest <= value < math.inf else "must be 0 or more" if lowest == 0.0 else "must be above 0"


def _selection(at: At, step: Step, effect: Effect) -> Iterator[Problem]:
    """Check the scope and the selected stems."""
    if step.scope not in effect.scopes:
        allowed = ", ".join(effect.scopes)
        yield Problem((*at, "scope"), f'found "{step.scope}"; {effect.name} allows {allowed}')
    if step.joint and step.scope not in _ALONE:
        yield Problem((*at, "joint"), f'found true; with scope "{step.scope}" there is one toss anyway')
    if step.except_target and step.scope is Scope.TARGET:
        yield Problem((*at, "except_target"), 'found true beside scope "target"; nothing would be left')
    if step.stems is not None or step.except_target:
        key = "stems" if step.stems is not None else "except_target"
        if step.scope is Scope.MIXTURE:
            yield Problem((*at, key), "there is only one mixture; leave the key out")
        elif Scope.STEM not in effect.scopes:
            yield Problem((*at, key), f"{effect.name} acts on all stems alike; leave the key out")
    for index, name in enumerate(step.stems or ()):
        if name not in STEM_NAMES:
            yield Problem(
                (*at, "stems", index),
                f'unknown stem "{name}"{nearest(name, STEM_NAMES)}; known: {", ".join(STEM_NAMES)}',
            )


def _parameters(at: At, step: Step, effect: Effect) -> Iterator[Problem]:
    """Check that all parameters are known, present and in range."""
    stated = {parameter.name: parameter for parameter in effect.parameters if parameter.kind not in DRAWN}
    drawn = {parameter.name for parameter in effect.parameters if parameter.kind in DRAWN}
    for name, setting in step.parameters.items():
        location = (*at, "parameters", name)
        if name in drawn:
            yield Problem(location, "is always drawn; leave the key out")
        elif name not in stated:
            known = ", ".join(stated) or "none"
            yield Problem(location, f"unknown parameter{nearest(name, stated)}; parameters of {effect.name}: {known}")
        elif isinstance(setting, float | str):
            yield from _value(location, setting, stated[name])
        else:
            yield from _distribution(location, setting, stated[name])
    missing = [name for name, parameter in stated.items() if parameter.default is None and name not in step.parameters]
    if missing:
        yield Problem(at, f"{effect.name} needs {', '.join(missing)} under parameters")


def _value(at: At, value: float | str, parameter: Parameter) -> Iterator[Problem]:
    """Check one value."""
    if (wrong := _fault(value, parameter)) is not None:
        yield Problem(at, f"found {json.dumps(value)}; {wrong}")


def _fault(value: float | str, parameter: Parameter) -> str | None:
    """Return the rule that a value breaks, or None."""
    if parameter.kind is Kind.TEXT:
        return None if isinstance(value, str) and value else "must be text"
    if parameter.kind is Kind.CHOICE:
        return None if value in parameter.choices else f"must be one of {', '.join(parameter.choices)} (text)"
    if not _is_number(value):
        return "must be a number"
    if not parameter.low <= value <= parameter.high:
        return f"must lie in {parameter.low:g}..{parameter.high:g}{' ' if parameter.unit else ''}{parameter.unit}"
    if parameter.kind is Kind.INTEGER and value != int(value):
        return "must be a whole number"
    return None


def _distribution(at: At, drawn: Distribution, parameter: Parameter) -> Iterator[Problem]:
    """Check the distribution of a parameter."""
    if drawn.choice is not None:
        for index, value in enumerate(drawn.choice):
            yield from _value((*at, "choice", index), value, parameter)
        return
    if parameter.kind not in _NUMBERS:
        yield Problem(at, f"{parameter.name} is no number; give one value or a choice")
        return
    for kind, bounds in (("uniform", drawn.uniform), ("log_uniform", drawn.log_uniform), ("within", drawn.within)):
        if bounds is not None:
            yield from _bounds((*at, kind), bounds, parameter)
    if drawn.log_uniform is not None and drawn.log_uniform[0] <= 0.0:
        yield Problem((*at, "log_uniform", 0), f"found {drawn.log_uniform[0]:g}; must be above 0")
    if drawn.normal is not None:
        yield from _value((*at, "normal", 0), drawn.normal[0], parameter)
        if drawn.normal[1] < 0.0:
            yield Problem((*at, "normal", 1), f"found {drawn.normal[1]:g}; a standard deviation is 0 or more")


def _bounds(at: At, bounds: tuple[float, float], parameter: Parameter) -> Iterator[Problem]:
    low, high = bounds
    if low > high:
        yield Problem(at, f"found [{low:g}, {high:g}]; the lower bound comes first")
    for index, value in enumerate(bounds):
        yield from _value((*at, index), value, parameter)


def _order(chain: Chain) -> Iterator[Problem]:
    """Check the order of steps: performance, kit, audio, mixture."""
    furthest = 0
    for index, step in enumerate(chain.steps):
        effect = EFFECT_OF_NAME.get(step.effect)
        if effect is None:
            continue
        phase = _phase(step, effect)
        if phase < furthest:
            yield Problem(
                ("steps", index, "effect"),
                f"{step.effect} is a {_PHASES[phase]} step after a {_PHASES[furthest]} one; "
                f"the order is {', '.join(_PHASES)}",
            )
        furthest = max(furthest, phase)


def _phase(step: Step, effect: Effect) -> int:
    if step.scope is Scope.MIXTURE:
        return _PHASES.index("mixture-scope")
    return min(list(Domain).index(effect.domain), _PHASES.index("audio"))
