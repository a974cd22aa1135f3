"""Each of LarsNet's six augmentations left out, and each alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from benchmarks.studies.grid import grid_study
from benchmarks.studies.larsnet import SOURCE
from benchmarks.studies.study import Context
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.chain.schema import Chain
from stemgmd_tools.separation.training.ablate import Variant
from stemgmd_tools.storage.files import write_bytes

CHAIN = "larsnet"


def chains(whole: Chain) -> Iterator[Chain]:
    """Yield the chain without each of its steps, and with each alone."""
    for step in whole.steps:
        others = tuple(other for other in whole.steps if other is not step)
        yield _named(whole, f"without-{step.effect}", others)
    for step in whole.steps:
        yield _named(whole, f"only-{step.effect}", (step,))


def _named(whole: Chain, name: str, steps: tuple[object, ...]) -> Chain:
    return whole.model_copy(update={"name": name, "description": f"{whole.name}, {name}", "steps": steps})


def written(chain: Chain, folder: Path) -> Path:
    """Write a chain as a file that ``--chain`` takes; a file that says the same is left as it is."""
    path = folder / f"{chain.name}.yaml"
    content = yaml.safe_dump(chain.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=False).encode()
    if not path.is_file() or path.read_bytes() != content:
        write_bytes(path, content)
    return path


def variants(context: Context) -> Sequence[Variant]:
    """Return the whole chain, none, and the chains derived from it."""
    folder = context.work / context.size.name / "chains"
    derived = {chain.name: str(written(chain, folder)) for chain in chains(load_chain(CHAIN))}
    names = {CHAIN: CHAIN, "none": "none", **derived}
    return [Variant(name, {"data": {"chain": chain}}) for name, chain in names.items()]


STUDY = grid_study(
    "LarsNet's augmentations, one by one",
    "The ready chain `larsnet` whole, without each of its six augmentations, with each of them alone, and none at all.",
    f"{SOURCE}, augmentations",
    "larsnet",
    variants,
    x="augmentations",
)
