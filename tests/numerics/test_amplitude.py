"""Peaks and levels of sounds, compared with their definition on a copy of the whole sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stemgmd_tools.numerics.amplitude import BLOCK_FRAMES, first_reaching, last_reaching, one_of_equals, peak

FRAMES = 3 * BLOCK_FRAMES + 17


def sounds() -> list[NDArray[Any]]:
    """Return sounds of all types and layouts, louder in the middle."""
    rng = np.random.default_rng(3)
    swell = np.hanning(FRAMES)[:, None]
    stereo = rng.standard_normal((FRAMES, 2)) * swell
    single = stereo.astype(np.float32)
    integers = np.rint(rng.uniform(-32768, 32767, (FRAMES, 2)) * swell**8).astype(np.int16)
    integers[FRAMES // 2] = -32768
    mono = np.broadcast_to(single[:, :1], (FRAMES, 2))
    return [stereo, single, integers, mono, stereo[:, 0], stereo[:, 1:], np.asfortranarray(stereo), single[::3]]


@pytest.mark.parametrize("sound", sounds())
def test_levels_are_found_where_a_copy_of_the_sound_reaches_them(sound: NDArray[Any]) -> None:
    amplitude = np.abs(sound.astype(np.float64))
    amplitude = amplitude if sound.ndim == 1 else amplitude.max(axis=1)
    assert peak(sound) == amplitude.max()
    for level in (0.0, *(amplitude.max() * np.array([1e-4, 0.01, 0.1, 0.7, 1.0])), *amplitude[::1000]):
        reached = np.flatnonzero(amplitude >= level)
        assert (first_reaching(sound, level), last_reaching(sound, level)) == (reached[0], reached[-1])
    above = np.nextafter(amplitude.max(), np.inf)
    assert first_reaching(sound, above) is None is last_reaching(sound, above)


def test_a_level_is_not_rounded_to_the_type_of_the_samples() -> None:
    sample = np.float32(0.1)
    above = np.nextafter(np.float64(sample), 1.0)
    assert np.float32(above) == sample
    assert first_reaching(np.array([sample]), float(above)) is None
    assert first_reaching(np.array([sample]), float(sample)) == 0


def test_peaks_of_nothing_and_of_what_is_not_finite() -> None:
    assert peak(np.zeros((0, 2))) == 0.0
    assert peak(np.array([1.0, -np.inf])) == np.inf
    assert np.isnan(peak(np.array([[1.0, np.nan], [2.0, 0.0]])))
    assert first_reaching(np.zeros((0, 2)), 0.0) is None is last_reaching(np.zeros((0, 2)), 0.0)


def test_only_channels_of_one_memory_are_taken_for_equal() -> None:
    mono = np.arange(4.0)[:, None]
    assert one_of_equals(np.broadcast_to(mono, (4, 2))).shape == (4, 1)
    assert one_of_equals(np.repeat(mono, 2, axis=1)).shape == (4, 2)
    assert one_of_equals(mono[:, 0]).shape == (4,)
