"""What the ready chain ``mixing`` adds to LarsNet's augmentations, one by one; and a loss on silent stems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.studies.grid import grid_study
from benchmarks.studies.larsnet.augmentations import CHAIN, written
from benchmarks.studies.study import Context
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.chain.schema import Chain
from stemgmd_tools.separation.training.ablate import Variant

MIXING: Final = "mixing"
ADDED: Final = {
    "absent": ("hit_drop",),
    "levels": ("gain",),
    "low-cut": ("high_pass_filter",),
    "shelves": ("low_shelf_filter", "high_shelf_filter"),
    "bus-compression": ("bus_compression",),
    "mono": ("stereo_width",),
}
"""Name -> effects of the chain ``mixing`` that are added together."""
SILENCE_WEIGHT: Final = 0.1
"""Weight of the loss on silent stems, beside one of the nSDR."""


def chains(whole: Chain, mixing: Chain) -> Iterator[Chain]:
    """Yield the first chain with each addition: effects on hits before all others, effects on audio after them."""
    for name, effects in ADDED.items():
        added = tuple(step for step in mixing.steps if step.effect in effects)
        own = tuple(step for step in whole.steps if step.effect not in effects)
        steps = (*added, *own) if name == "absent" else (*own, *added)
        update = {"name": f"with-{name}", "description": f"{whole.name} with {name}", "steps": steps}
        yield whole.model_copy(update=update)


def variants(context: Context) -> Sequence[Variant]:
    """Return the chain ``larsnet``, the same with each addition, ``mixing``, and the loss on silent stems."""
    folder = context.work / context.size.name / "chains"
    derived = {chain.name: str(written(chain, folder)) for chain in chains(load_chain(CHAIN), load_chain(MIXING))}
    names = {CHAIN: CHAIN, **derived, MIXING: MIXING}
    terms = {"nsdr_spectrum": 1.0, "silence": SILENCE_WEIGHT}
    return [
        *(Variant(name, {"data": {"chain": chain}}) for name, chain in names.items()),
        Variant("silence-loss", {"data": {"chain": CHAIN}, "loss": {"terms": terms}}),
    ]


STUDY = grid_study(
    "What mixes add to LarsNet's augmentations",
    "The ready chain `larsnet` with each addition of the ready chain `mixing`: stems left out, wide levels, a low cut "
    "and shelving filters of the whole mix, bus compression, mono; all of them; and a loss on silent stems.",
    "made for this toolkit",
    "larsnet",
    variants,
    x="additions",
)
