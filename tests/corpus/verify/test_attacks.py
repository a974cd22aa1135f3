"""Attacks of rendered audio by a measure that banks do not align by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from corpora import IDS
from numpy.typing import NDArray
from toy_kits import RATE, layers, map_data, write_map, write_sound

from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.verify.attacks import KIT_S, PIECE_S, attack_notes, rise_s, spread_of
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.seeds import stream

FRAME: Final = 4410
RESOLUTION_S: Final = 0.0005
"""Two steps of the search."""
SLOW_RISE_S: Final = 0.001
"""A sine of 200 Hz rises for a quarter of its period, 1.25 ms."""


def stroke(frames: int = RATE, peak: float = 0.8, hertz: float = 200.0) -> NDArray[np.float64]:
    times_s = np.arange(frames) / RATE
    return peak * np.sin(2 * np.pi * hertz * times_s) * np.exp(-times_s / 0.05)


def pcm_of(sound: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.repeat(np.rint(sound * 32_767)[:, None], 2, axis=1).astype(np.int16)


@pytest.mark.parametrize("moved_s", [-0.02, 0.0, 0.004, 0.02, 0.1, 0.4])
@pytest.mark.parametrize("noise", [0.0, 0.08])
def test_the_steepest_rise_is_where_a_stroke_begins(moved_s: float, noise: float) -> None:
    """Noise that starts on the hit's frame, as where a bank was aligned by it, is not taken for the stroke."""
    start = FRAME + round(moved_s * RATE)
    sound = np.zeros(2 * RATE)
    sound[FRAME : FRAME + RATE // 2] = stream(1, "noise").uniform(-noise, noise, RATE // 2)
    sound[start : start + RATE] += stroke()
    measured = rise_s(pcm_of(sound), FRAME, RATE, RATE)
    assert measured == pytest.approx(moved_s, abs=RESOLUTION_S + SLOW_RISE_S)


def test_silence_has_no_rise_and_edges_of_a_track_are_no_obstacle() -> None:
    assert rise_s(np.zeros((RATE, 2), np.int16), FRAME, RATE, RATE) is None
    assert rise_s(pcm_of(stroke()), 0, RATE, RATE) == pytest.approx(0.0, abs=RESOLUTION_S + SLOW_RISE_S)
    assert rise_s(pcm_of(stroke())[:200], 0, RATE, RATE) == pytest.approx(0.0, abs=RESOLUTION_S + SLOW_RISE_S)


def test_kits_and_pieces_that_lie_off_are_named() -> None:
    good = [0.0, 0.0002, -0.0003] * 3
    off = {("a", "kick"): good, ("b", "kick"): [2 * KIT_S] * 3, ("c", "kick"): good, ("c", "crash"): [2 * PIECE_S] * 3}
    lines = list(attack_notes(off))
    assert [line.split(":")[0] for line in lines] == ["kit b", "kit c, crash"]
    assert "rises +6.0 ms from the hits (median of 3)" in lines[0]
    assert not list(attack_notes({("a", "kick"): good, ("a", "crash"): [0.006] * 3, ("b", "kick"): [0.1] * 2}))
    assert spread_of({}) is None
    spread = spread_of({("a", "kick"): good})
    assert spread is not None
    assert spread.low_s <= spread.median_s <= spread.high_s


@pytest.mark.parametrize(("noise", "is_named"), [(0.05, False), (0.2, True)])
def test_verify_names_a_kit_that_was_aligned_by_noise(
    tmp_path: Path, request_of: Callable[..., Request], noise: float, is_named: bool
) -> None:
    """Noise of more than a tenth of the peak is an attack by the definition that banks are aligned by."""
    sound = np.zeros(2 * RATE)
    sound[: RATE // 5] = stream(2, "noise").uniform(-0.8 * noise, 0.8 * noise, RATE // 5)
    sound[RATE // 5 : RATE // 5 + RATE] = stroke()
    write_sound(tmp_path / "a.wav", sound[:, None])
    kit = load_kit_file(write_map(tmp_path, map_data({"kick": layers("a.wav")})))
    render_corpus(tmp_path / "corpus", request_of(IDS[:1], [kit], single_hits=True), jobs=1)
    verdict = verify_corpus(tmp_path / "corpus", jobs=1)
    assert verdict.failures == ()
    assert verdict.rises is not None
    named = [note for note in verdict.notes if note.startswith("kit toy: the sound rises")]
    assert bool(named) == is_named
    assert (abs(verdict.rises.median_s) < KIT_S) != is_named
