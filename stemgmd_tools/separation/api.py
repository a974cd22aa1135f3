"""The main jobs of separation as functions: separate, train, evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stemgmd_tools.audio import read_audio
from stemgmd_tools.corpus.sources.open import open_corpus
from stemgmd_tools.devices import device_named
from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.kits.library import search_path
from stemgmd_tools.performances.select import selection_of
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.runtime.progress import Progress
from stemgmd_tools.separation.evaluation import run as evaluation
from stemgmd_tools.separation.evaluation.methods.model import trained_models
from stemgmd_tools.separation.inference.overlap import OVERLAP
from stemgmd_tools.separation.inference.separate import SeparationSettings, separate_sound, with_wiener_filter
from stemgmd_tools.separation.splits.recorded_kits import trained_on
from stemgmd_tools.separation.training import train as training
from stemgmd_tools.separation.training.settings.files import load_config
from stemgmd_tools.separation.weights.file import load_weights, shipped_weights


class SeparatedSound(NamedTuple):
    """The stems of a sound, all of its length."""

    stems: dict[str, NDArray[np.float32]]
    """Stem name -> samples, full scale 1: shape (channels, frames), or (frames,) if the sound was given so."""
    sample_rate: int
    """In Hz, that of the sound."""


def separate(
    sound: ArrayLike | Path | str,
    sample_rate: int | None = None,
    *,
    weights: Path | str | None = None,
    mixture_consistent: bool = False,
    wiener: float | None = None,
    segment_s: float | None = None,
    overlap: float = OVERLAP,
    device: str = "auto",
) -> SeparatedSound:
    """Separate drums in memory, as ``stemgmd separate`` does with files.

    :param sound: an audio file, or samples of full scale 1, shape (channels, frames) or (frames,); one or two channels.
    :param sample_rate: of the samples, in Hz; left out for a file.
    :param weights: a file of ``stemgmd baseline-train``; default: the shipped reference weights, whose stems are kick,
        snare, toms, hihat and cymbals.
    :param mixture_consistent: make the stems sum to the sound, rounded to 24 bits.
    :param wiener: exponent of alpha-Wiener filtering, usually 1 or 2; None: no filtering.
    :param segment_s: length of a chunk in seconds; default: that of the model.
    :param overlap: part of a chunk that overlaps the next one, 0 to 0.5.
    :param device: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    :raises UsageError: for another shape or type of samples, a missing sample rate, or weights that cannot be used.
    :raises AudioError: if the file cannot be read, or a sample is not finite.
    """
    samples, rate = _samples(sound, sample_rate)
    used = device_named(device, auto_order=("cuda", "mps"))
    model = with_wiener_filter(load_weights(Path(weights) if weights else shipped_weights()).model, wiener)
    settings = SeparationSettings(
        segment_s=segment_s, overlap=overlap, device=used, mixture_consistent=mixture_consistent
    )
    stems = separate_sound(model, np.atleast_2d(samples), rate, settings)
    shaped = stems.reshape(len(stems), *samples.shape)
    return SeparatedSound(dict(zip(model.stems, shaped, strict=True)), rate)


def train(
    out: Path | str,
    *,
    preset: str = "default",
    settings: Path | str | Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> training.TrainingResult:
    """Train a separator, or resume a training, as ``stemgmd baseline-train`` does.

    :param out: run directory.
    :param preset: ``default``, ``cpu``, ``larsnet`` or another preset.
    :param settings: changes to the preset: a YAML file, or the same keys nested in dicts, such as
        ``{"data": {"gmd": "groove"}, "budget": {"steps": 1000}}``.
    :param progress: receives the progress.
    :return: the run's folder and state; ``weights`` is the path of the best weights.
    :raises UsageError: if settings do not fit.
    :raises TrainingError: if splits or kits overlap, or the run has other settings.
    """
    if isinstance(settings, Path | str):
        config = load_config(Path(settings), preset=preset)
    else:
        config = load_config(preset=preset, changes=settings)
    return training.train(config, Path(out), progress=progress)


def evaluate(
    source: evaluation.Source | Path | str,
    *,
    weights: Path | str | Sequence[Path | str] = (),
    stems: Literal["five", "nine"] = "five",
    max_s: float | None = None,
    out: Path | str | None = None,
    device: str = "auto",
    jobs: int = 1,
    **filters: Any,
) -> pd.DataFrame:
    """Separate clips of a corpus and measure every stem, as ``stemgmd evaluate --weights`` does.

    :param source: a virtual corpus, a corpus, or the folder of one.
    :param weights: files of weights, each a method of the table; default: the shipped reference weights.
    :param stems: ``five`` groups or ``nine`` pieces.
    :param max_s: measure at most the first seconds of each clip.
    :param out: folder for records of finished clips, from which an interrupted evaluation resumes; None: no records.
    :param filters: as in :class:`~stemgmd_tools.performances.select.Selection`. Without ``splits`` and ``ids``, only
        test performances are used.
    :return: one row per method, clip and stem; ``docs/evaluation.md`` describes the columns.
    :raises UsageError: if nothing is selected, or the weights do not fit the corpus.
    """
    opened = open_corpus(source) if isinstance(source, Path | str) else source
    used = device_named(device)
    files = [weights] if isinstance(weights, Path | str) else weights or (shipped_weights(),)
    methods = trained_models([Path(path) for path in files], used)
    selection = selection_of(filters)
    clips = evaluation.evaluation_clips(
        opened,
        trained=trained_on((method.training_kits for method in methods), search_path(())),
        allowed=None if selection.splits or selection.ids else evaluation.performances_for_test(opened),
        selection=selection,
    )
    names = GROUPS if stems == "five" else PIECES
    measures = evaluation.Measures(tuple(stem.value for stem in names), max_s)
    return evaluation.evaluate(None if out is None else Path(out), methods, clips, measures, jobs=jobs)


def _samples(sound: ArrayLike | Path | str, sample_rate: int | None) -> tuple[NDArray[np.float32], int]:
    """Return the samples, shape (channels, frames) or (frames,), and their sample rate."""
    if isinstance(sound, Path | str):
        if sample_rate is not None:
            raise UsageError(f"{shown(sound)}: is a file, which has a sample rate of its own; leave out sample_rate")
        frames, rate = read_audio(Path(sound), foreign=True)
        return np.ascontiguousarray(frames.T), rate
    samples = np.asarray(sound)
    if not np.issubdtype(samples.dtype, np.floating):
        raise UsageError(f"samples are {samples.dtype}; give floats of full scale 1, such as int16 divided by 32768")
    if samples.ndim not in {1, 2} or (samples.ndim == 2 and len(samples) > 2) or not samples.size:
        raise UsageError(f"samples have shape {samples.shape}; give (1 or 2 channels, frames) or (frames,)")
    if sample_rate is None:
        raise UsageError("samples need a sample_rate, in Hz")
    return samples.astype(np.float32), sample_rate
