"""Fits of the recorded kits, kept between runs for as long as nothing that shapes them changes."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from stemgmd_tools import data
from stemgmd_tools.fitting.estimation.articulation import fit_voice
from stemgmd_tools.fitting.estimation.recorded_kit import fit_voices
from stemgmd_tools.fitting.recordings.families import family_of
from stemgmd_tools.fitting.recordings.recordings import Strokes
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.kits.voices.compact import compacted
from stemgmd_tools.storage.files import write_bytes

ROOT = "stemgmd_tools.fitting.estimation.recorded_kit"
"""The fit: it and all of this package that it imports shape its results."""


class FittedVoices(NamedTuple):
    """The voices of one kit, as a map holds them."""

    voices: dict[str, VoiceModel]
    notes: tuple[str, ...]
    cpu_s: float
    """Processor time of the fit when it was made."""


def fitted_voices(kit: Kit) -> FittedVoices:
    """Return the fit of a kit, from the cache if it is there."""

    def fit() -> str:
        start_s = time.process_time()
        fit_of_kit = fit_voices(kit)
        voices = {name: voice.model_dump(mode="json") for name, voice in fit_of_kit.voices.items()}
        return json.dumps({"voices": voices, "notes": fit_of_kit.notes, "cpu_s": time.process_time() - start_s})

    content = json.loads(_cached(fit, kit.name, kit.hash))
    voices = {name: compacted(VoiceModel.model_validate(voice)) for name, voice in content["voices"].items()}
    return FittedVoices(voices, tuple(content["notes"]), content["cpu_s"])


def voice_without(kit: Kit, articulation: str, strokes: Sequence[Strokes], left_out: int) -> VoiceModel:
    """Return the voice fitted to all layers of an articulation but one, from the cache if it is there."""

    def fit() -> str:
        remaining = [layer for index, layer in enumerate(strokes) if index != left_out]
        return fit_voice(remaining, family_of(articulation), articulation).model_dump_json()

    return compacted(VoiceModel.model_validate_json(_cached(fit, kit.name, kit.hash, articulation, str(left_out))))


def _cached(compute: Callable[[], str], *names: str) -> str:
    """Return text from the cache, made first if need be; the key covers the code that makes it."""
    key = hashlib.sha256("\x1f".join((_code(), *names)).encode()).hexdigest()[:24]
    path = data.cache_dir() / "realism" / f"{names[0]}-{key}.json"
    if not path.is_file():
        write_bytes(path, compute().encode())
    return path.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _code() -> str:
    """Return a hash of the sources that shape a fit."""
    digest = hashlib.sha256()
    for path in sorted(_sources(ROOT, {}).values()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(module: str, collected: dict[str, Path]) -> dict[str, Path]:
    """Return the files of a module and of what it imports of this package, directly or through others."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a name in a module, not a module
        return collected
    whole_package = "." not in module
    if whole_package or spec is None or spec.origin is None or module in collected:
        return collected
    collected[module] = Path(spec.origin)
    for node in ast.walk(ast.parse(collected[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stemgmd_tools"):
            for name in (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)):
                _sources(name, collected)
    return collected
