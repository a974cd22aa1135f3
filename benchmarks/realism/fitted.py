"""Fits of the recorded kits, kept between runs for as long as nothing that shapes them changes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from stemgmd_tools import data
from stemgmd_tools.audio import write_bytes
from stemgmd_tools.kits import fit, model
from stemgmd_tools.kits.fit.articulation import fit_voice
from stemgmd_tools.kits.fit.families import family_of
from stemgmd_tools.kits.fit.fit import fit_voices
from stemgmd_tools.kits.fit.recordings import Strokes
from stemgmd_tools.kits.kit import Kit
from stemgmd_tools.kits.model.parameters import VoiceModel

NOT_SHAPING = ("judge.py", "report.py", "pictures.py", "complete.py", "donors.py", "variants.py", "voices.py")
"""Modules of the fit that come after it."""


class FittedVoices(NamedTuple):
    """The voices of one kit."""

    voices: dict[str, VoiceModel]
    notes: tuple[str, ...]
    cpu_s: float
    """Processor time of the fit when it was made."""


def fitted_voices(kit: Kit) -> FittedVoices:
    """Return the fit of a kit, from the cache if it is there."""

    def made() -> str:
        start_s = time.process_time()
        found = fit_voices(kit)
        voices = {name: voice.model_dump(mode="json") for name, voice in found.voices.items()}
        return json.dumps({"voices": voices, "notes": found.notes, "cpu_s": time.process_time() - start_s})

    content = json.loads(_kept(made, kit.name, kit.hash))
    voices = {name: VoiceModel.model_validate(voice) for name, voice in content["voices"].items()}
    return FittedVoices(voices, tuple(content["notes"]), content["cpu_s"])


def voice_without(kit: Kit, articulation: str, strokes: Sequence[Strokes], left_out: int) -> VoiceModel:
    """Return the voice fitted to all layers of an articulation but one, from the cache if it is there."""

    def made() -> str:
        kept = [layer for index, layer in enumerate(strokes) if index != left_out]
        return fit_voice(kept, family_of(articulation), articulation).model_dump_json()

    return VoiceModel.model_validate_json(_kept(made, kit.name, kit.hash, articulation, str(left_out)))


def _kept(made: Callable[[], str], *names: str) -> str:
    """Return text from the cache, made first if need be; the key covers the code that makes it."""
    key = hashlib.sha256("\x1f".join((_code(), *names)).encode()).hexdigest()[:24]
    path = data.cache_dir() / "realism" / f"{names[0]}-{key}.json"
    if not path.is_file():
        write_bytes(path, made().encode())
    return path.read_text(encoding="utf-8")


def _code() -> str:
    """Return a hash of the sources that shape a fit."""
    digest = hashlib.sha256()
    folders = [Path(package.__path__[0]) for package in (fit, model)]
    for path in sorted(path for folder in folders for path in folder.glob("*.py")):
        if path.name not in NOT_SHAPING:
            digest.update(path.read_bytes())
    return digest.hexdigest()
