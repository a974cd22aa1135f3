"""Fit recorded kits, and cache the fits in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from stemgmd_tools.fitting.estimation.recorded_kit import Fitted, fit_voices
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.storage.files import write_bytes
from tools.prepared import DONOR_MAPS, PREPARED_MAPS


def recorded_kit(name: str, folder: Path) -> Kit:
    """Return a recorded kit.

    :param folder: parent of the sample folders of the maps in ``tools/prepared_kits/`` and ``tools/donor_kits/``.
    """
    return load_kit(name, [PREPARED_MAPS, DONOR_MAPS, folder])


def fitted_kits(names: Iterable[str], folder: Path, cache: Path | None = None, jobs: int = 1) -> dict[str, Fitted]:
    """Return the fits of recorded kits.

    :param folder: as for :func:`recorded_kit`.
    :param cache: folder of earlier fits, which are reused; new ones are added.
    """
    kits = [recorded_kit(name, folder) for name in names]
    fits = results_of(workers(jobs, ordered=True), (delayed(fitted_kit)(kit, cache) for kit in kits))
    return {kit.name: fit for kit, fit in zip(kits, fits, strict=True)}


def fitted_kit(kit: Kit, cache: Path | None) -> Fitted:
    """Return the fit of one recorded kit; ``cache`` as for :func:`fitted_kits`."""
    path = None if cache is None else cache / f"{kit.name}.json"
    if path is not None and path.is_file():
        voices = json.loads(path.read_text(encoding="utf-8"))
        return Fitted(kit, {name: VoiceModel.model_validate(voice) for name, voice in voices.items()}, ())
    fit = fit_voices(kit)
    if path is not None:
        dumped = {name: voice.model_dump(mode="json") for name, voice in fit.voices.items()}
        write_bytes(path, json.dumps(dumped).encode())
    return fit
