"""Every command that writes, small enough to be killed a hundred times."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.torture.material import KITS
from benchmarks.torture.recorded import COMMIT
from benchmarks.torture.serve import BREAKING

IGNORED = ("locks", "shards", ".lock", "log.csv", "tensorboard", "state.safetensors", "state.json", "config.yaml")
"""Parts of paths that need not be the same: locks, and what of a run of training tells times."""


OUT: Final = "{out}"
"""Stands for the scratch folder in the words of a command."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, and where it writes."""

    name: str
    words: tuple[str, ...]
    """Its words, :data:`OUT` where the scratch folder goes; it writes to ``out`` in there."""
    share: float = 1.0
    """How often it is killed beside the others."""
    copies: tuple[Path, ...] = ()
    """Folders that are copied into the scratch folder first, since the command locks them."""
    own_cache: bool = False
    """Whether its cache is what it writes, too."""
    catalogue: Path | None = None
    """Folder that takes the place of the shipped sample maps."""

    def arguments(self, scratch: Path) -> list[str]:
        """Return the words for one scratch folder."""
        return [word.replace(OUT, str(scratch)) for word in self.words]


def commands(material: Path, address: str) -> tuple[Command, ...]:
    """Return all commands.

    :param address: where the material can be fetched.
    """
    return (*_of_corpora(material), *_of_recorded_kits(material, address))


def _of_recorded_kits(material: Path, address: str) -> tuple[Command, ...]:
    """Return the commands that fetch, install and import."""
    archive = material / "archive" / "groove.zip"
    url, sha256 = f"{address}/archive/{archive.name}", hashlib.sha256(archive.read_bytes()).hexdigest()
    tree, old = material / BREAKING / "some" / "drums" / COMMIT, (material / "data",)
    mirror = ("--mirror", f"{address}/{BREAKING}")
    sfz = ("kits", "import", str(tree / "kit.sfz"), "--name", "toy", "--replace")
    catalogue = material / "shipped"
    return (
        Command("fetch gmd", ("fetch", "gmd", "--url", url, "--sha256", sha256, "--to", f"{OUT}/out"), own_cache=True),
        Command("kits install, files", ("kits", "install", "toy", *mirror), catalogue=catalogue),
        Command("kits install, archive", ("kits", "install", "packed", *mirror), catalogue=catalogue),
        Command("kits install --from", ("kits", "install", "toy", "--from", str(tree)), catalogue=catalogue),
        Command("kits import --replace", sfz, copies=old),
        Command("kits import --replace --copy", (*sfz, "--copy"), copies=old),
        Command("kits page", ("kits", "page", str(material / "kits" / "tin.yaml"), "--out", f"{OUT}/out.html"), 0.3),
    )


def _of_corpora(material: Path) -> tuple[Command, ...]:
    kits = ",".join(str(material / "kits" / f"{name}.yaml") for name in KITS)
    kit = kits.partition(",")[0]
    gmd, corpus, out = str(material / "gmd"), str(material / "corpus"), f"{OUT}/out"
    to_out = ("--quiet", "--out", out)
    stems = ("render", "--gmd", gmd, "--kits", kits, "--no-single-hits", *to_out)
    hits = ("render", "--gmd", gmd, "--kits", kit, "--limit", "1", "--jobs", "1", *to_out)
    rows = str(material / "augmented" / "manifests" / "augmentations.csv")
    augment = ("augment", corpus, "--jobs", "1", *to_out)
    shards = (material / "shard1", material / "shard2")
    merge = ("merge", out, f"{OUT}/shard1", f"{OUT}/shard2", "--jobs", "1")
    train = ("baseline-train", "--config", str(material / "training.yaml"), "--kits", kits, "--virtual", gmd, *to_out)
    sound, weights = str(material / "sounds" / "drums.wav"), str(material / "run" / "last.safetensors")
    separate = ("separate", sound, "--weights", weights, "--device", "cpu", "--threads", "1", *to_out)
    evaluate = ("evaluate", corpus, "--method", "mixture", "--max-s", "1", "--no-page", *to_out)
    return (
        Command("render --jobs 1", (*stems, "--jobs", "1"), 2),
        Command("render --jobs 2", (*stems, "--jobs", "2"), 1),
        Command("render, single hits", hits),
        Command("kits build", ("kits", "build", kits, "--jobs", "1"), own_cache=True),
        Command("kits make", ("kits", "make", "--count", "2", "--out", out), 0.3),
        Command("kits morph", ("kits", "morph", "cedar_hall", "birch_room", "0.3", "--out", f"{out}.yaml"), 0.2),
        Command("kits fit", ("kits", "fit", kit, "--no-report", "--out", f"{out}.yaml"), 0.1),
        Command("augment", (*augment, "--chain", "larsnet")),
        Command("augment --replay", (*augment, "--replay", rows), 0.7),
        Command("merge", merge, copies=shards),
        Command("baseline-train", train, 0.5),
        Command("separate", separate),
        Command("evaluate", evaluate, 0.5),
    )
