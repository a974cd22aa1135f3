"""HT Demucs' augmentations without remixing and without repitching."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.grid import grid_study
from benchmarks.studies.htdemucs import FAMILY, SOURCE
from benchmarks.studies.larsnet.augmentations import written
from benchmarks.studies.study import Context
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.chain.schema import Chain
from stemgmd_tools.separation.training.ablate import Variant

CHAIN = "demucs"
LEFT_OUT = {
    "without-remix": ("remix",),
    "without-repitch": ("repitch",),
    "without-both": ("remix", "repitch"),
}
"""Effects that each variant lacks."""


def without(whole: Chain, name: str, effects: Sequence[str]) -> Chain:
    """Return a chain without some of its effects."""
    steps = tuple(step for step in whole.steps if step.effect not in effects)
    return whole.model_copy(update={"name": name, "description": f"{whole.name}, {name}", "steps": steps})


def variants(context: Context) -> Sequence[Variant]:
    """Return the whole chain, the chains that lack effects, and none."""
    folder, whole = context.work / context.size.name / "chains", load_chain(CHAIN)
    derived = [
        Variant(name, {"data": {"chain": str(written(without(whole, name, effects), folder))}})
        for name, effects in LEFT_OUT.items()
    ]
    return [Variant(CHAIN, {"data": {"chain": CHAIN}}), *derived, Variant("none", {"data": {"chain": "none"}})]


STUDY = grid_study(
    "Remixing and repitching left out",
    "The ready chain `demucs` whole, without `remix`, without `repitch`, without both, and no augmentation at all. In "
    "the paper remixing is worth 0.7 dB and repitching 0.05 dB.",
    f"{SOURCE}, data augmentation",
    FAMILY,
    variants,
    x="augmentations",
)
