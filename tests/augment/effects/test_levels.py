"""Level, sign, channels, bent waveforms: exact, and as others compute them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from stemgmd_tools.augment.chain.catalogue import find_effect  # noqa: E402

RATE = 44_100


def _lines(lines: int = 3, channels: int = 2, frames: int = 999) -> torch.Tensor:
    rng = np.random.default_rng(lines)
    return torch.from_numpy(rng.uniform(-1, 1, (lines, channels, frames)).astype(np.float32))


def _values(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _applied(effect: str, audio: torch.Tensor, **arguments) -> torch.Tensor:
    """Return what an effect makes of a copy, since it may overwrite its input."""
    return find_effect(effect).function(audio.clone(), **arguments)


def test_gain_is_a_ratio():
    x = _lines()
    out = _applied("gain", x, gain_db=_values(-6.0, 0.0, 12.0))
    for line, db in enumerate((-6.0, 0.0, 12.0)):
        assert torch.allclose(out[line], x[line] * 10 ** (db / 20), rtol=1e-6, atol=0)
    assert torch.equal(_applied("scale", x, factor=_values(0.5, 1.0, 2.0))[1:], torch.stack([x[1], 2 * x[2]]))


def test_polarity_swap_and_tanh_are_exact():
    x = _lines()
    assert torch.equal(_applied("polarity_inversion", x), -x)
    assert torch.equal(_applied("channel_swap", x), x[:, [1, 0]])
    assert torch.equal(_applied("channel_swap", x[:, :1]), x[:, :1])
    out = _applied("saturation", x, drive=_values(1.0, 2.5, 5.0)).double()
    for line, drive in enumerate((1.0, 2.5, 5.0)):
        assert (out[line] - torch.tanh(x[line].double() * drive)).abs().max() < 2e-7


def test_width():
    x = _lines()
    out = _applied("stereo_width", x, width=_values(0.0, 1.0, 2.0))
    assert torch.allclose(out[0, 0], out[0, 1], atol=1e-7) and torch.allclose(out[0].mean(0), x[0].mean(0), atol=1e-6)
    assert torch.equal(out[1], x[1])
    assert torch.allclose(out[2, 0] - out[2, 1], 2 * (x[2, 0] - x[2, 1]), atol=1e-6)
    assert torch.equal(_applied("stereo_width", x[:, :1], width=_values(0.0, 1.0, 2.0)), x[:, :1])


def test_bits_are_the_steps_of_a_converter():
    out = _applied("bit_crush", _lines(), bits=torch.tensor([3, 8, 16]))
    for line, bits in enumerate((3, 8, 16)):
        steps = out[line].double() * 2 ** (bits - 1)
        assert torch.equal(steps, steps.round())
    assert (out[2] - _lines()[2]).abs().max() <= 2.0**-16


def test_held_samples_are_the_sounds_own_and_not_late():
    x = _lines(1, 1, 5000)
    for rate in (1000.0, 11_025.0, 16_000.0, 44_100.0):
        out = _applied("sample_rate_reduction", x, rate_hz=_values(rate), sample_rate=RATE)[0, 0]
        changes = int((out[1:] != out[:-1]).sum())
        assert abs(changes - 5000 * rate / RATE) <= 2
        starts = [0, *(np.flatnonzero(np.diff(out.numpy())) + 1).tolist()]
        assert torch.equal(out[starts], x[0, 0, starts])


def test_sounds_like_audiomentations():
    peer = pytest.importorskip("audiomentations")
    x = _lines(1, 2, 4000)
    sound = x[0].numpy()
    bits = peer.BitCrush(min_bit_depth=8, max_bit_depth=8, p=1.0)(sound.copy(), RATE)
    assert np.abs(_applied("bit_crush", x, bits=torch.tensor([8]))[0].numpy() - bits).max() <= 2 / 2**7
    gain = peer.Gain(min_gain_db=-7.0, max_gain_db=-7.0, p=1.0)(sound.copy(), RATE)
    assert np.allclose(_applied("gain", x, gain_db=_values(-7.0))[0].numpy(), gain, atol=1e-6)
    flipped = peer.PolarityInversion(p=1.0)(sound.copy(), RATE)
    assert np.array_equal(_applied("polarity_inversion", x)[0].numpy(), flipped)
