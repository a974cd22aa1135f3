"""Attacks are measured where nothing else moves them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stemgmd_tools.corpus.folder.layout import MIXTURE
from stemgmd_tools.corpus.verify.audio_checks import StemSet, TrackFile, check_stems
from stemgmd_tools.pieces import PIECES, Piece
from stemgmd_tools.storage.files import file_sha256

RATE = 44_100
FRAME, CLOSED = 4410, 9560
"""A hat swells on; the foot closes it after 117 ms, so its loudest moment, 140 ms after its attack, is lost."""


def stem_set(root: Path, hits: dict[Piece, list[int]], *, lead: int = 2) -> StemSet:
    """Write nine stems and their sum; the first piece sounds and is faded out by a closing hat.

    :param lead: frames before the attack with more than a tenth of the peak that is left, less than one of 5000.
    """
    length = RATE // 2
    sound = np.zeros(length)
    sound[FRAME - lead : FRAME] = 480.0
    sound[FRAME:] = 3000.0
    sound[FRAME + 2800] = 4700.0
    sound[CLOSED:] *= np.linspace(1.0, 0.0, length - CLOSED)
    tracks = {}
    for name in (*(piece.value for piece in PIECES), MIXTURE):
        is_audible = name in (next(iter(hits)).value, MIXTURE)
        pcm = np.rint(sound if is_audible else np.zeros(length)).astype(np.int16)
        soundfile.write(root / f"{name}.wav", np.stack([pcm, pcm], axis=1), RATE, subtype="PCM_16")
        path = f"{name}.wav"
        tracks[name] = TrackFile(path, file_sha256(root / path), length, not is_audible)
    return StemSet(tracks, {piece.value: np.array(frames) for piece, frames in hits.items()}, RATE)


def test_a_hat_that_is_closed_while_its_attack_lasts_is_not_measured(tmp_path: Path) -> None:
    """Its peak is lower than that of the sound it was, so its attack would lie earlier."""
    closed = check_stems(tmp_path, stem_set(tmp_path, {Piece.HIHAT_OPEN: [FRAME], Piece.HIHAT_CLOSED: [CLOSED]}))
    assert [failure for failure in closed.failures if failure.where == "hihat_open.wav"] == []


@pytest.mark.parametrize(
    ("piece", "lead", "is_reported"),
    [(Piece.HIHAT_OPEN, 2, False), (Piece.CRASH, 80, False), (Piece.HIHAT_OPEN, 120, True), (Piece.SNARE, 2, True)],
)
def test_a_cymbal_may_fade_during_its_attack_and_a_drum_may_not(
    tmp_path: Path, piece: Piece, lead: int, is_reported: bool
) -> None:
    """The pedal and hands leave no row that says when; they move the threshold by 2 ms at most."""
    failures = check_stems(tmp_path, stem_set(tmp_path, {piece: [FRAME]}, lead=lead)).failures
    assert [failure.check for failure in failures] == ["onset"] * is_reported


@pytest.mark.parametrize(("moved_s", "is_reported"), [(0.0, False), (0.0008, False), (0.003, True), (-0.003, True)])
def test_effects_may_move_an_attack_by_their_bound_and_no_more(
    tmp_path: Path, moved_s: float, is_reported: bool
) -> None:
    stems = stem_set(tmp_path, {Piece.HIHAT_OPEN: [FRAME + round(moved_s * RATE)]})
    failures = check_stems(tmp_path, replace(stems, tolerance_s=0.001)).failures
    assert [failure.check for failure in failures] == ["onset"] * is_reported


def test_hits_behind_the_end_of_a_file_are_reported(tmp_path: Path) -> None:
    stems = stem_set(tmp_path, {Piece.HIHAT_OPEN: [FRAME, RATE], Piece.HIHAT_CLOSED: [2 * RATE]})
    reported = {(failure.check, failure.where) for failure in check_stems(tmp_path, stems).failures}
    assert ("onset", "hihat_open.wav") in reported
    assert ("onset", "hihat_closed.wav") in reported
