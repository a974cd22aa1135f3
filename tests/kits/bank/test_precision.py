"""One-shots of single precision and mono ones whose channels share their memory give the bits of stereo float64."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools.kits.bank import dc_offset
from stemgmd_tools.kits.bank.dc_offset import LEAST_SHARE, centred
from stemgmd_tools.kits.bank.one_shots import Stereo, Treatment, treated
from stemgmd_tools.kits.bank.pcm import quantise, window

RATE = 44_100
TREATMENTS = (Treatment(), Treatment(left=0.5, right=0.5), Treatment(left=0.3), Treatment(semitones=1.5, right=0.7))


def stroke(offset: float = 0.0, seed: int = 4) -> Stereo:
    """Return a stroke after 20 ms of noise, single precision, mono."""
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal((RATE // 5, 1)) * np.exp(-np.arange(RATE // 5) / 900)[:, None] / 4
    lead = 1e-3 * rng.standard_normal((RATE // 50, 1))
    return (np.concatenate([lead, sound]) + offset).astype(np.float32)


def prepared(sound: Stereo, treatment: Treatment, rate: int) -> tuple[bytes, float]:
    """Return the PCM of a sound and its scale, as a bank holds them."""
    ready = treated(centred(sound).sound, RATE, rate, treatment)
    part = window(ready, rate)
    assert part is not None
    assert part.fade_frames > 0
    pcm, scale = quantise(part.cut(ready))
    return pcm.tobytes(), scale


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("offset", [0.0, 0.1])
def test_precision_and_layout_do_not_change_a_bank(rate: int, treatment: Treatment, offset: float) -> None:
    mono = stroke(offset)
    expected = prepared(np.repeat(mono, 2, axis=1).astype(np.float64), treatment, rate)
    for sound in (np.broadcast_to(mono, (len(mono), 2)), np.repeat(mono, 2, axis=1)):
        assert prepared(sound, treatment, rate) == expected


def test_the_shortcut_past_medians_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    loudest = np.abs(stroke()).max()
    shares = np.concatenate([np.linspace(0.9, 1.1, 21) * LEAST_SHARE, [0.0, 0.02, 0.2]])
    sounds = [
        np.hstack([stroke(float(share * loudest), seed), stroke(float(-share * loudest * other), seed)])
        for seed, share in enumerate(shares)
        for other in (0.0, 0.5, 1.0)
    ]
    quick = [centred(sound) for sound in sounds]
    monkeypatch.setattr(dc_offset, "_is_centred", lambda tail, least: False)
    slow = [centred(sound) for sound in sounds]
    assert [one.share for one in quick] == [one.share for one in slow]
    assert {one.share > 0 for one in quick} == {True, False}
    for one, other in zip(quick, slow, strict=True):
        np.testing.assert_array_equal(one.sound, other.sound)
