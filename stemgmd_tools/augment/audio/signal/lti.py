"""Apply linear, time-invariant effects as a product of frequency responses, in one pass of FFTs.

Filters are the bilinear transforms of their analogue prototypes, evaluated exactly at every bin; rooms and delays are
impulse responses. The response of a line is the product of its responses, applied by overlap-save with blocks long
enough that no tail wraps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.signal.blocks import blocks_at_once
from stemgmd_tools.augment.audio.signal.portable import irfft, rfft, times, total
from stemgmd_tools.numerics import elementary

INAUDIBLE = 1e-6
"""Amplitude at which a tail ends: -120 dB."""
SMALLEST_BLOCK, LARGEST_BLOCK = 1 << 12, 1 << 23
HIGHEST = 0.49
"""Corner frequencies are kept below this share of the sample rate."""
BEYOND = 1e9
"""Replaces infinity at the Nyquist frequency."""
CHEAP_BLOCK = 1 << 16
"""Blocks up to this length stay in a core's cache and cost about half as much per sample."""


class Response(NamedTuple):
    """A linear, time-invariant effect."""

    tail: int
    """Samples for which it rings."""
    at: Callable[[int, torch.device], Tensor]
    """For a length of FFT: complex64 (1 or channel, bin)."""


Parts: TypeAlias = tuple[Tensor, Tensor]
"""Real and imaginary parts of complex numbers, float64, since libraries round complex products differently."""


class Section(NamedTuple):
    """(b0 + b1 s + b2 s^2) / (a0 + a1 s + a2 s^2), s = 1j at the corner frequency."""

    b: tuple[float, float, float]
    a: tuple[float, float, float]


@lru_cache(maxsize=16)
def _warped(frames: int, device: torch.device) -> Tensor:
    """Return tan(pi f / sample rate) at every bin: the analogue frequency that the bilinear transform puts there."""
    cosine, sine = elementary.turn(np.arange(frames // 2 + 1) / (2 * frames))
    with np.errstate(divide="ignore"):
        return torch.from_numpy(np.minimum(sine / cosine, BEYOND)).to(device)


def sections(parts: Sequence[Section], frequency_hz: float, sample_rate: int) -> Response:
    """Return the cascade of ``parts``, whose corner lies at ``frequency_hz``."""
    corner = elementary.tan(math.pi * min(frequency_hz, HIGHEST * sample_rate) / sample_rate)

    def at(frames: int, device: torch.device) -> Tensor:
        real, imaginary = _cascade(parts, _warped(frames, device) / corner)
        return torch.complex(real.float(), imaginary.float())[None]

    return Response(sum(_ring(part, corner) for part in parts), at)


def _cascade(parts: Sequence[Section], omega: Tensor) -> Parts:
    """Return the product of sections at analogue frequencies in multiples of their corner, float64."""
    square = omega * omega
    real, imaginary = torch.ones_like(omega), torch.zeros_like(omega)
    for b, a in parts:
        c, d = quotient((b[0] - b[2] * square, b[1] * omega), (a[0] - a[2] * square, a[1] * omega))
        real, imaginary = real * c - imaginary * d, real * d + imaginary * c
    return real, imaginary


def quotient(above: tuple[Tensor | float, Tensor | float], below: Parts) -> Parts:
    """Return real and imaginary part of a quotient of complex numbers, with each operation rounded separately."""
    (a, b), (c, d) = above, below
    size = c * c + d * d
    return (a * c + b * d) / size, (b * c - a * d) / size


def _ring(part: Section, corner: float) -> int:
    """Return for how many samples a section rings: from the radius of its slowest pole."""
    a0, a1, a2 = part.a
    if a2:
        under = a1 * a1 - 4 * a2 * a0
        root = math.sqrt(abs(under))
        if under > 0:
            places = [((-a1 + root) / (2 * a2), 0.0), ((-a1 - root) / (2 * a2), 0.0)]
        else:
            places = [(-a1 / (2 * a2), root / (2 * a2))]  # and its conjugate, of the same size
    else:
        places = [(-a0 / a1, 0.0)] if a1 else []
    radii = [_size(1 + corner * x, corner * y) / _size(1 - corner * x, corner * y) for x, y in places]
    slowest = min(max(radii, default=0.0), 1 - 1e-9)
    return 2 + (math.ceil(elementary.log(INAUDIBLE) / elementary.log(slowest)) if slowest > 0 else 0)


def _size(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)


def impulse_response(taps: Tensor, dry: float = 0.0, wet: float = 1.0) -> Response:
    """Return ``dry`` times the sound itself and ``wet`` times its convolution with ``taps`` (1 or channel, frame)."""

    def at(frames: int, device: torch.device) -> Tensor:
        return rfft(taps.to(device) * wet, frames) + dry

    return Response(taps.shape[-1], at)


def pink(sample_rate: int) -> Response:
    """Return a filter that falls by 3 dB per octave between 10 Hz and 20 kHz and keeps the power of white noise.

    Poles and zeros alternate half an octave apart: within 0.1 dB of the line.
    """
    octaves = int(elementary.log2(min(20_000.0, 0.45 * sample_rate) / 10.0))
    corners = [float(1 << octave) for octave in range(octaves + 1)]
    parts = [Section((math.sqrt(2) * corner, 1.0, 0.0), (corner, 1.0, 0.0)) for corner in corners]
    cascade = sections(parts, 10.0, sample_rate)

    def at(frames: int, device: torch.device) -> Tensor:
        response = torch.view_as_real(cascade.at(frames, device))
        power = total(response.double().square().flatten()) / response[..., 0].numel()
        return torch.view_as_complex(response / power.sqrt())

    return Response(cascade.tail, at)


@lru_cache(maxsize=256)
def block_frames(frames: int, tail: int) -> int:
    """Return the length of FFT that filters ``frames`` samples with the least work."""
    full = good_length(frames + tail)
    choices = [1 << power for power in range(SMALLEST_BLOCK.bit_length() - 1, LARGEST_BLOCK.bit_length())]
    choices = [length for length in choices if 2 * tail < length < full]
    if full <= LARGEST_BLOCK or not choices:
        choices.append(full)

    def work(length: int) -> float:
        per_sample = length * elementary.log2(float(length)) * (0.6 if length <= CHEAP_BLOCK else 1.0)
        return -(-frames // (length - tail)) * per_sample

    return min(choices, key=work)


@lru_cache(maxsize=256)
def good_length(frames: int) -> int:
    """Return the smallest even product of 2, 3 and 5 that is at least ``frames``."""
    best = 1 << max(1, (frames - 1).bit_length())
    for odd in (3, 5, 9, 15, 25, 27, 45, 75, 81, 125, 135, 225):
        best = min(best, odd << max(1, (-(-frames // odd) - 1).bit_length()))
    return best


def apply_responses(line: Tensor, responses: Sequence[Response], out: Tensor | None = None) -> Tensor:
    """Return one line (channel, frame) after all ``responses``, without the tail beyond its end.

    :param out: receives the result; may be ``line``.
    """
    channels, frames = line.shape
    out = torch.empty_like(line) if out is None else out
    tail = sum(response.tail for response in responses)
    length = block_frames(frames, tail)
    factor = product(responses, length, line.device)[:, None]
    hop = length - tail
    at_once = min(blocks_at_once(channels * length, line.device), -(-frames // hop))
    sound = line.new_zeros(channels, tail + at_once * hop)  # the blocks at hand, after what still rings into them
    for start in range(0, frames, at_once * hop):
        count = min(at_once * hop, frames - start)
        blocks = -(-count // hop)
        sound[:, tail : tail + count] = line[:, start : start + count]
        sound[:, tail + count :] = 0
        part = sound[:, : tail + blocks * hop].unfold(1, length, hop)
        filtered_blocks = irfft(times(rfft(part), factor), length)[..., tail:]
        full = count // hop
        out[:, start : start + full * hop].view(channels, full, hop).copy_(filtered_blocks[:, :full])
        out[:, start + full * hop : start + count] = filtered_blocks[:, -1, : count - full * hop]
        sound[:, :tail] = sound[:, at_once * hop :].clone()
    return out


def product(responses: Sequence[Response], length: int, device: torch.device) -> Tensor:
    """Return the product of responses at a length of FFT."""
    factor = responses[0].at(length, device)
    for response in responses[1:]:
        fewer, more = sorted((factor, response.at(length, device)), key=len)  # channels
        factor = times(more, fewer)
    return factor
