"""Another kit in place of a stem's, or beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import OTHER_KIT, STEMS, SourceEffect

if TYPE_CHECKING:
    from stemgmd_tools.augment.symbolic.kit_effects import Layers


def kit_swap(layers: Layers, *, kit: str) -> Layers:
    """Play the stem's main layer with another kit."""
    return (layers[0]._replace(kit=kit, weight=1.0),)


def doubling(layers: Layers, *, kit: str) -> Layers:
    """Add a layer of another kit; all layers before it share one half of the weight."""
    halved = tuple(layer._replace(weight=0.5 * layer.weight) for layer in layers)
    return (*halved, layers[0]._replace(kit=kit, weight=0.5))


EFFECTS: Final = (
    SourceEffect(
        "kit_swap",
        "Plays the stem with another kit.",
        kit_swap,
        (OTHER_KIT,),
        STEMS,
        source="LarsNet (Mezza et al. 2024)",
        replaces=True,
    ),
    SourceEffect(
        "doubling",
        "Averages the stem and the same stem played with another kit.",
        doubling,
        (OTHER_KIT,),
        STEMS,
        reshapes_attacks=True,
        source="LarsNet (Mezza et al. 2024)",
    ),
)
