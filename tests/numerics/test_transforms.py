"""Transforms: lengths, and the same bits whatever the processor's instructions."""

from __future__ import annotations

import numpy as np
import pytest
from processors import C_LIBRARY, NUMPY_FEATURES, all_of, only_on_x86_64, printed_under

from stemgmd_tools.numerics import transforms

ROUNDING = 1e-12


def test_there_and_back() -> None:
    sound = np.random.Generator(np.random.PCG64(5)).standard_normal((700, 2))
    length = transforms.length_for(len(sound))
    assert length == 1024
    spectrum = transforms.spectrum(sound, length, axis=0)
    assert np.abs(spectrum - np.fft.rfft(sound, length, axis=0)).max() < ROUNDING * length
    assert np.abs(transforms.sound_of(spectrum, length, axis=0)[:700] - sound).max() < ROUNDING
    assert [transforms.length_for(frames) for frames in (1, 2, 3, 1024, 1025)] == [2, 2, 4, 1024, 2048]


@pytest.mark.parametrize("length", [0, 3, 1000, 2250])
def test_lengths_whose_sines_may_differ_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="powers of two"):
        transforms.spectrum(np.zeros(length), length)
    with pytest.raises(ValueError, match="powers of two"):
        transforms.sound_of(np.zeros(9, np.complex128), length)


PRINT_BITS = """
import hashlib
import numpy as np
from scipy import fft
from stemgmd_tools.numerics import transforms

sound = np.random.Generator(np.random.PCG64(1)).standard_normal(1 << 20)
for power in range(1, 21):
    part = sound[: 1 << power]
    spectrum = transforms.spectrum(part)
    back = transforms.sound_of(spectrum, len(part))
    single = transforms.spectrum(part.astype(np.float32))
    print(power, *(hashlib.sha256(one.tobytes()).hexdigest()[:8] for one in (spectrum, back, single)))
for rate in (8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000):
    length = fft.next_fast_len(rate // 10, real=True)  # of a tenth of a second, as loudness is measured
    print(rate, hashlib.sha256(fft.fft(sound[:length].astype(np.complex64)).tobytes()).hexdigest()[:8])
"""


@only_on_x86_64
def test_bits_do_not_depend_on_the_processor_or_the_c_library() -> None:
    """Of all lengths in double precision, and of the lengths that loudness is measured at in single precision."""
    assert len({printed_under(one, PRINT_BITS) for one in all_of(NUMPY_FEATURES[::2], C_LIBRARY)}) == 1
