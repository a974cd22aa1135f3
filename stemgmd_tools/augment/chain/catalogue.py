"""Catalogue of all effects, collected from the modules of :mod:`stemgmd_tools.augment.effects`.

Validation, schema and documentation are derived from it. Names follow audiomentations, pedalboard and scaper where
possible. Ranges are the values accepted, not recommendations; for those see the ready chains.
"""

from __future__ import annotations

from typing import Final

from stemgmd_tools.augment.chain.effect import Domain, Effect
from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.plugins import PluginError, declared
from stemgmd_tools.strict_yaml.problem import nearest

PACKAGES: Final = tuple(f"stemgmd_tools.augment.effects.{name}" for name in ("performance", "kits", "audio", "mixture"))
"""Where effects are declared. Other distributions declare theirs in entry points of these groups."""


def _collected() -> tuple[Effect, ...]:
    """Return all effects by domain and name.

    :raises PluginError: if two have the same name.
    """
    effects = [effect for package in PACKAGES for effect in declared(package, "EFFECTS", Effect)]
    modules: dict[str, str] = {}
    for effect in effects:
        module = effect.function.__module__
        if effect.name in modules:
            raise PluginError(
                f"effect {effect.name}: declared by {modules[effect.name]} and by {module}; rename one of them"
            )
        modules[effect.name] = module
    return tuple(sorted(effects, key=lambda effect: (list(Domain).index(effect.domain), effect.name)))


EFFECTS: Final = _collected()
"""All effects, by domain and name."""

EFFECT_OF_NAME: Final = {effect.name: effect for effect in EFFECTS}


def find_effect(name: str) -> Effect:
    """Return an effect by name.

    :raises UsageError: if there is no such effect.
    """
    try:
        return EFFECT_OF_NAME[name]
    except KeyError:
        close = nearest(name, EFFECT_OF_NAME)
        raise UsageError(f'no effect "{name}"{close}; known effects: {", ".join(EFFECT_OF_NAME)}') from None
