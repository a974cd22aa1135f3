"""Every command that writes, small enough to be killed a hundred times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.torture.material import KITS

IGNORED = ("locks", "shards", ".lock", "log.csv", "tensorboard", "state.safetensors", "state.json", "config.yaml")
"""Parts of paths that need not be the same: locks, and what of a run of training tells times."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, and where it writes."""

    name: str
    arguments: Callable[[Path], list[str]]
    """Of a scratch folder whose ``out`` it writes to."""
    share: float = 1.0
    """How often it is killed beside the others."""
    copies: tuple[Path, ...] = ()
    """Folders that are copied into the scratch folder first, since the command locks them."""
    own_cache: bool = False
    """Whether its cache is what it writes, too."""


def commands(material: Path, url: str, sha256: str) -> tuple[Command, ...]:
    """Return all commands.

    :param url: where an archive of MIDI can be fetched, of this checksum.
    """
    kits = ",".join(str(material / "kits" / f"{name}.yaml") for name in KITS)
    gmd = ["--gmd", str(material / "gmd")]
    render = ["render", *gmd, "--kits", kits, "--quiet"]
    one = ["render", *gmd, "--kits", kits.partition(",")[0], "--limit", "1", "--jobs", "1", "--quiet"]
    rows = str(material / "augmented" / "manifests" / "augmentations.csv")
    weights = str(material / "run" / "last.safetensors")
    return (
        Command("render --jobs 1", lambda to: [*render, "--jobs", "1", "--no-single-hits", "--out", f"{to}/out"], 2),
        Command("render --jobs 2", lambda to: [*render, "--jobs", "2", "--no-single-hits", "--out", f"{to}/out"], 1),
        Command("render, single hits", lambda to: [*one, "--out", f"{to}/out"]),
        Command("kits build", lambda _: ["kits", "build", kits, "--jobs", "1"], own_cache=True),
        Command("kits make", lambda to: ["kits", "make", "--count", "2", "--out", f"{to}/out"], 0.3),
        Command(
            "kits morph",
            lambda to: ["kits", "morph", "cedar_hall", "birch_room", "0.3", "--out", f"{to}/out.yaml"],
            0.2,
        ),
        Command(
            "kits fit",
            lambda to: ["kits", "fit", kits.partition(",")[0], "--no-report", "--out", f"{to}/out.yaml"],
            0.1,
        ),
        Command(
            "augment",
            lambda to: [
                "augment",
                f"{material}/corpus",
                "--chain",
                "larsnet",
                "--jobs",
                "1",
                "--quiet",
                "--out",
                f"{to}/out",
            ],
        ),
        Command(
            "augment --replay",
            lambda to: [
                "augment",
                f"{material}/corpus",
                "--replay",
                rows,
                "--jobs",
                "1",
                "--quiet",
                "--out",
                f"{to}/out",
            ],
            0.7,
        ),
        Command(
            "merge",
            lambda to: ["merge", f"{to}/out", f"{to}/shard1", f"{to}/shard2", "--jobs", "1"],
            copies=(material / "shard1", material / "shard2"),
        ),
        Command(
            "baseline-train",
            lambda to: [
                "baseline-train",
                "--config",
                f"{material}/training.yaml",
                "--kits",
                kits,
                "--virtual",
                gmd[1],
                "--quiet",
                "--out",
                f"{to}/out",
            ],
            0.5,
        ),
        Command(
            "separate",
            lambda to: [
                "separate",
                f"{material}/sounds/drums.wav",
                "--weights",
                weights,
                "--device",
                "cpu",
                "--threads",
                "1",
                "--quiet",
                "--out",
                f"{to}/out",
            ],
        ),
        Command(
            "evaluate",
            lambda to: [
                "evaluate",
                f"{material}/corpus",
                "--method",
                "mixture",
                "--max-s",
                "1",
                "--no-page",
                "--quiet",
                "--out",
                f"{to}/out",
            ],
            0.5,
        ),
        Command(
            "fetch gmd",
            lambda to: ["fetch", "gmd", "--url", url, "--sha256", sha256, "--to", f"{to}/out"],
            own_cache=True,
        ),
    )
