"""Kits to import and to install: a library, its copies on a server and in archives, and a catalogue of them."""

from __future__ import annotations

import hashlib
import json
import lzma
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.torture.serve import BREAKING
from stemgmd_tools import data

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_RATE = 44_100
_SECONDS = 1.0
_STROKES = {"kick": 36, "snare": 38, "hat_closed": 42, "hat_open": 46, "tom": 45, "ride": 51}
_ABOUT = {
    "schema": "stemgmd-recorded/1",
    "description": "tones",
    "license": "CC0-1.0",
    "license_checked": ["here", "there"],
    "attribution": "nobody",
    "homepage": "https://example.org",
    "verified": True,
    "definition": "kit.sfz",
}


def write_recorded(material: Path) -> None:
    """Write a library, as an address and in an archive, and a catalogue of two entries."""
    tree = material / BREAKING / "some" / "drums" / COMMIT
    (tree / "samples").mkdir(parents=True)
    times = np.arange(round(_SECONDS * _RATE)) / _RATE
    regions = []
    for number, (name, key) in enumerate(_STROKES.items()):
        for layer, peak in enumerate((0.1, 0.5)):
            pcm = peak * np.cos(2 * np.pi * (150 + 90 * number) * times) * np.exp(-8 * times)
            soundfile.write(tree / "samples" / f"{name}_{layer}.wav", pcm, _RATE)
            velocities = "hivel=63" if layer == 0 else "lovel=64"
            regions.append(f"<region> sample=samples/{name}_{layer}.wav key={key} {velocities}")
    (tree / "kit.sfz").write_text("\n".join(regions))
    archive = material / BREAKING / "packed.tar.xz"
    with lzma.open(archive, "wb", preset=0) as stream, tarfile.open(fileobj=stream, mode="w") as tar:  # type: ignore[call-overload]
        tar.add(tree, "drums")
    content = archive.read_bytes()
    packed = {"archive": f"https://example.org/{archive.name}", "folder": "drums", "bytes": len(content)}
    packed["sha256"] = hashlib.sha256(content).hexdigest()
    catalogue = material / "shipped" / "recorded"
    catalogue.mkdir(parents=True)
    for name, source in (("toy", {"github": "some/drums", "commit": COMMIT}), ("packed", packed)):
        entry = {**_ABOUT, "name": name, "title": name, "source": source}
        (catalogue / f"{name}.yaml").write_text(json.dumps(entry))
        (catalogue / f"{name}.csv").write_text("\n".join(["path,bytes,sha256,subset", *_rows(tree)]) + "\n")


def _rows(tree: Path) -> Iterator[str]:
    for path in sorted(path for path in tree.rglob("*") if path.is_file()):
        content = path.read_bytes()
        yield f"{path.relative_to(tree).as_posix()},{len(content)},{hashlib.sha256(content).hexdigest()},light"


@contextmanager
def shipping(folder: Path | None) -> Iterator[None]:
    """Let a folder be that of the shipped sample maps, with its catalogue."""
    before: Callable[[str], Path] = data.shipped
    if folder is not None:
        data.shipped = lambda name: folder if name == "sample_maps" else before(name)
    try:
        yield
    finally:
        data.shipped = before
