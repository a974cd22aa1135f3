"""Generate the Markdown references of chains and effects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stemgmd_tools.augment.chain.catalogue import EFFECTS
from stemgmd_tools.augment.chain.chain import chain_names, json_schema, load_chain
from stemgmd_tools.augment.chain.effect import DRAWN, Domain, Effect, Kind, Parameter
from stemgmd_tools.augment.chain.schema import Chain, Distribution, Step
from stemgmd_tools.strict_yaml.docs import schema_reference

_HEADINGS: Final = {
    Domain.PERFORMANCE: "Effects on the performance",
    Domain.KIT: "Effects on kits and strokes",
    Domain.AUDIO: "Effects on audio: stems or the mixture",
    Domain.MIX: "Effects on the mixture",
}


def format_reference() -> str:
    """Return the reference of the keys of a chain."""
    return schema_reference(json_schema(), "Chain")


def effects_reference() -> str:
    """Return a table of effects, scopes and parameters for each domain."""
    return "\n\n".join(_domain(domain) for domain in Domain)


def chains_reference() -> str:
    """Return the steps of every ready chain."""
    return "\n\n".join(_chain(load_chain(name)) for name in chain_names())


def _domain(domain: Domain) -> str:
    lines = [f"### {_HEADINGS[domain]}", "", *_table(("effect", "what it does", "scopes", "parameters"))]
    for effect in EFFECTS:
        if effect.domain is domain:
            description = f"{effect.description}{f' After {effect.source}.' if effect.source else ''}"
            parameters = "<br>".join(
                _parameter(parameter) for parameter in effect.parameters if parameter.kind not in DRAWN
            )
            lines.append(
                f"| `{effect.name}` | {description} | {', '.join(effect.scopes)} | {parameters}{_drawn(effect)} |"
            )
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> str:
    if parameter.kind is Kind.TEXT:
        allowed = "text"
    elif parameter.kind is Kind.CHOICE:
        allowed = " or ".join(f"`{choice}`" for choice in parameter.choices)
    else:
        unit = f" {parameter.unit}" if parameter.unit else ""
        allowed = f"{parameter.low:g} .. {parameter.high:g}{unit}"
    default = "" if parameter.default is None else f"; default {parameter.default}"
    return f"`{parameter.name}`: {parameter.description}; {allowed}{default}"


def _drawn(effect: Effect) -> str:
    names = [f"`{parameter.name}`" for parameter in effect.parameters if parameter.kind in DRAWN]
    if not names:
        return ""
    return f"{'<br>' if len(names) < len(effect.parameters) else ''}always drawn: {', '.join(names)}"


def _chain(chain: Chain) -> str:
    lines = [f"### {chain.name}", "", chain.description, ""]
    if chain.source:
        lines += [f"Source: {chain.source}.", ""]
    if chain.probability < 1.0:
        lines += [f"Probability that an example is augmented at all: {chain.probability:g}.", ""]
    if not chain.steps:
        return "\n".join(lines).strip()
    lines += _table(("step", "effect", "scope", "probability", "parameters"))
    lines += [f"| {number} | {' | '.join(_step(step))} |" for number, step in enumerate(chain.steps, start=1)]
    return "\n".join(lines)


def _step(step: Step) -> Iterator[str]:
    yield f"`{step.effect}`"
    chosen = f": {', '.join(step.stems)}" if step.stems else ""
    yield f"{step.scope}{', one toss' if step.joint else ''}{', target left out' if step.except_target else ''}{chosen}"
    yield f"{step.probability:g}"
    yield "<br>".join(f"`{name}`: {_setting(setting)}" for name, setting in step.parameters.items())


def _setting(setting: float | str | Distribution) -> str:
    if not isinstance(setting, Distribution):
        return _value_text(setting)
    if setting.choice is not None:
        return f"one of {', '.join(_value_text(value) for value in setting.choice)}"
    if setting.normal is not None:
        within = (
            ""
            if setting.within is None
            else f" within {_value_text(setting.within[0])} .. {_value_text(setting.within[1])}"
        )
        return f"normal, {_value_text(setting.normal[0])} ± {_value_text(setting.normal[1])}{within}"
    low, high = setting.uniform or setting.log_uniform or (0.0, 0.0)
    return f"{_value_text(low)} .. {_value_text(high)}{'' if setting.uniform else ', logarithmic'}"


def _value_text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _table(header: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
