"""Transforms, sums and elementary functions that are bit-identical on all processors.

On a CPU the results have the same bits on every x86-64 processor. PyTorch uses libraries that choose their
kernels by the processor, and sums in an order that depends on the width of its vectors. Therefore tensors on a CPU are
computed with NumPy, SciPy and :mod:`stemgmd_tools.numerics.elementary`, without a copy; on other devices with PyTorch.
All other computations of effects are additions, multiplications, divisions, square roots and comparisons, which
IEEE 754 defines exactly; a test allows no other functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from torch import Tensor

from stemgmd_tools.numerics import elementary

TANH_CHUNK: Final = 1 << 14
"""Samples whose tanh is computed at once: three arrays of this length stay in a core's cache."""
TANH_ONE: Final = 9.02
"""From here on tanh is 1 in float32."""
TANH_ABOVE: Final = (
    1.3319193794120859e-08, 2.058357864421862e-05, 0.0034940409064139, 0.13379723437533717, 0.9999999790577443,
)  # fmt: skip
TANH_BELOW: Final = (7.762072074743242e-07, 0.0003283102912316308, 0.025871097810909835, 0.46713038688951375, 1.0)
"""tanh(x) / x as a quotient of polynomials in x^2, highest power first: within 2.1e-8 of it up to :data:`TANH_ONE`
(least squares, weighted until the errors were level)."""


def rfft(sound: Tensor, length: int | None = None) -> Tensor:
    """Return the spectrum of real sound along its last axis: complex, as precise as the sound.

    :param length: of the transform: the sound is cut, or silence follows it; default: all of it.
    """
    if sound.device.type != "cpu":
        spectrum: Tensor = torch.fft.rfft(sound, length)
        return spectrum
    return torch.from_numpy(scipy.fft.rfft(sound.numpy(), length))


def irfft(spectrum: Tensor, length: int) -> Tensor:
    """Return the ``length`` samples of a spectrum, which may be overwritten."""
    if spectrum.device.type != "cpu":
        sound: Tensor = torch.fft.irfft(spectrum, length)
        return sound
    return torch.from_numpy(scipy.fft.irfft(spectrum.numpy(), length, overwrite_x=True))


def times(spectrum: Tensor, factor: Tensor) -> Tensor:
    """Multiply a spectrum (complex64) in place, and return it.

    On a CPU each product of two float32 is a float64, exactly, so their sum is rounded once, whether or not a processor
    multiplies and adds in one instruction.
    """
    if spectrum.device.type != "cpu":
        return spectrum.mul_(factor)
    out = spectrum.numpy()
    with np.errstate(all="ignore"):  # what floats do not hold is found at the end
        np.multiply(out, factor.numpy(), out=out, dtype=np.complex128, casting="same_kind")
    return spectrum


def scaled(spectrum: Tensor, gain: Tensor) -> Tensor:
    """Multiply a spectrum in place by a real gain per bin, and return it."""
    torch.view_as_real(spectrum).mul_(gain[..., None])
    return spectrum


def total(values: Tensor) -> Tensor:
    """Return the sum over the last axis, which does not depend on the batch.

    On a CPU it is NumPy's pairwise sum, elsewhere the halves are added until one element is left.
    """
    if values.device.type == "cpu":
        rows = (values if values.stride(-1) == 1 else values.contiguous()).numpy()
        return torch.from_numpy(np.asarray(np.add.reduce(rows, axis=-1)))
    while (length := values.shape[-1]) > 1:
        half = length // 2
        folded = values[..., : length - half].clone()
        folded[..., :half] += values[..., length - half :]
        values = folded
    return values[..., 0]


def windowed_sum(values: Tensor, width: int) -> Tensor:
    """Return the sums of every ``width`` neighbours along the last axis, from partial sums of 1, 2, 4, ... of them."""
    places = values.shape[-1] - width + 1
    out: Tensor | None = None
    start = 0
    for bit in range(width.bit_length()):
        if width >> bit & 1:
            part = values[..., start : start + places]
            out = part.clone() if out is None else out.add_(part)
            start += 1 << bit
        if width >> bit > 1:
            values = values[..., : values.shape[-1] - (1 << bit)] + values[..., 1 << bit :]
    return values[..., :places] if out is None else out


def log10(values: Tensor) -> Tensor:
    """Return the decimal logarithm, float64."""
    if values.device.type != "cpu":
        return torch.log10(values.double())
    return torch.from_numpy(np.asarray(elementary.log10(values.numpy())))


def exp10(values: Tensor) -> Tensor:
    """Return powers of 10, float64."""
    if values.device.type != "cpu":
        return torch.pow(10.0, values.double())
    return torch.from_numpy(np.asarray(elementary.exp10(values.numpy())))


def tanh(sound: Tensor) -> Tensor:
    """Return the hyperbolic tangent of sound (float32), which is overwritten; on a CPU within 1e-7 of it."""
    if sound.device.type != "cpu":
        return sound.tanh_()
    _tanh(sound.numpy())
    return sound


def _tanh(sound: NDArray[np.float32]) -> None:
    """Overwrite sound with its hyperbolic tangent."""
    work = np.empty((3, TANH_CHUNK))
    for place in np.ndindex(sound.shape[:-1]):
        line = sound[place]
        for start in range(0, len(line), TANH_CHUNK):
            part = line[start : start + TANH_CHUNK]
            x, square, value = work[:, : len(part)]
            np.clip(part, -TANH_ONE, TANH_ONE, out=x)
            np.multiply(x, x, out=square)
            x *= _polynomial(TANH_ABOVE, square, value)
            x /= _polynomial(TANH_BELOW, square, value)
            part[:] = x


def _polynomial(coefficients: Sequence[float], x: NDArray[np.float64], out: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values of a polynomial, given from its highest power on, in ``out``."""
    np.multiply(x, coefficients[0], out=out)
    for coefficient in coefficients[1:-1]:
        out += coefficient
        out *= x
    out += coefficients[-1]
    return out
