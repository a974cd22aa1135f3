"""Effects on mixtures through pedalboard."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from toy_strokes import strokes

torch = pytest.importorskip("torch")

from toy_batches import parameters  # noqa: E402

from stemgmd_tools.augment.audio.board import through_board  # noqa: E402
from stemgmd_tools.augment.chain.catalogue import EFFECTS, find_effect  # noqa: E402
from stemgmd_tools.augment.chain.effect import BoardEffect  # noqa: E402
from stemgmd_tools.errors import UsageError  # noqa: E402

RATE = 44_100
BOARD_EFFECTS = [effect.name for effect in EFFECTS if isinstance(effect, BoardEffect)]


def _applied(effect: str, sound: np.ndarray) -> np.ndarray:
    taps = {"hall": torch.eye(1, 200)}
    return through_board(find_effect(effect), torch.from_numpy(sound), parameters(effect), RATE, taps).numpy()


@pytest.mark.parametrize("effect", BOARD_EFFECTS)
@pytest.mark.parametrize("channels", [1, 2])
def test_length_and_time_stay(effect, channels):
    pytest.importorskip("pedalboard")
    sound = strokes(channels=channels)
    out = _applied(effect, sound)
    assert out.shape == sound.shape and out.dtype == np.float32 and np.isfinite(out).all()
    lags = np.fft.irfft(np.fft.rfft(out[0], 1 << 18) * np.conj(np.fft.rfft(sound[0], 1 << 18)))
    lag = int(np.argmax(np.abs(lags)))
    assert min(lag, (1 << 18) - lag) <= 0.001 * RATE


@pytest.mark.parametrize("effect", BOARD_EFFECTS)
@pytest.mark.parametrize(("channels", "frames"), [(1, 1), (2, 1), (2, 2), (2, 3), (1, 7001)])
def test_short_mixes_odd_lengths_silence_and_constants(effect, channels, frames):
    pytest.importorskip("pedalboard")
    quietest = 1e-3 if effect == "gsm_compression" else 0.0  # the codec's own noise
    for level in (0.0, 0.3):
        sound = np.full((channels, frames), level, np.float32)
        out = _applied(effect, sound)
        assert out.shape == sound.shape and np.isfinite(out).all()
        assert level or np.abs(out).max() <= quietest
    left = np.concatenate([np.full((1, frames), 0.3), np.zeros((channels - 1, frames))]).astype(np.float32)
    if channels == 2 and effect in ("bus_compressor", "tape_saturation"):
        assert not _applied(effect, left)[1].any()  # channels are not taken for frames


def test_tape_keeps_the_level_and_bends():
    pytest.importorskip("pedalboard")
    sound = strokes()
    out = _applied("tape_saturation", sound)
    assert abs(np.square(out).mean() / np.square(sound).mean() - 1) < 1e-3
    assert np.abs(out).max() < np.abs(sound).max()


def test_without_pedalboard_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pedalboard", None)
    with pytest.raises(UsageError, match="pip install"):
        _applied("gsm_compression", strokes())
