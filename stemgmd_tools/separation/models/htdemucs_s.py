"""Hybrid Transformer Demucs in a compact size (Rouard, Massa, Défossez 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.networks.complex import PARTS, as_parts, from_parts
from stemgmd_tools.separation.networks.cross_transformer import CrossTransformer
from stemgmd_tools.separation.networks.registry import LARGEST_COUNT, Model, ModelOption
from stemgmd_tools.separation.networks.separator import Estimate, Separator
from stemgmd_tools.separation.networks.sparse_attention import Sparsity
from stemgmd_tools.separation.networks.stft import Spectrogram

WINDOW: Final = 4096
HOP: Final = 1024
BINS: Final = WINDOW // 2
"""Number of processed bins; the highest is silent in the spectral branch of every stem."""
DEPTH: Final = 4
"""Levels of both U-Nets."""
KERNEL: Final = 8
STRIDE: Final = 4
"""Of each level: along frequencies in the one network, along time in the other."""
NARROWING: Final = 8
"""Factor by which residual branches reduce channels."""
BRANCHES: Final = 2
"""Residual branches of a level, the second with twice the dilation."""
SMALL: Final = 1e-3
"""Scale of residual branches at the start."""
SPREAD: Final = 0.1
"""Standard deviation towards which first weights are drawn (Défossez et al. 2019)."""
OF_FREQUENCY: Final = 0.2
"""Weight of the frequency embedding."""
POSITIONS: Final = 4
"""The position code of a grid divides features into sines and cosines of both axes."""
FLOOR: Final = 1e-5
"""Added to standard deviations, so that silence stays silence."""


class Branch(nn.Module):
    """A dilated convolution along time through few channels, added to what came in, softly at first."""

    def __init__(self, width: int, dilation: int) -> None:
        """Make the layers."""
        super().__init__()
        narrow = max(width // NARROWING, 1)
        self.layers = nn.Sequential(
            nn.Conv1d(width, narrow, 3, padding=dilation, dilation=dilation),
            nn.GroupNorm(1, narrow),
            nn.GELU(),
            nn.Conv1d(narrow, 2 * width, 1),
            nn.GroupNorm(1, 2 * width),
            nn.GLU(1),
        )
        self.scale = nn.Parameter(torch.full((width, 1), SMALL))

    def forward(self, lines: Tensor) -> Tensor:
        """Return lines (line, channel, time), changed."""
        changed: Tensor = lines + self.scale * self.layers(lines)
        return changed


class Down(nn.Module):
    """A strided convolution, residual branches, a gate.

    :param flat: along time (item, channel, time), else along frequencies (item, channel, frequency, time).
    """

    def __init__(self, before: int, after: int, *, flat: bool) -> None:
        """Make the layers."""
        super().__init__()
        pad = (KERNEL - STRIDE) // 2
        self.convolution = (
            nn.Conv1d(before, after, KERNEL, STRIDE, pad)
            if flat
            else nn.Conv2d(before, after, (KERNEL, 1), (STRIDE, 1), (pad, 0))
        )
        self.branches = nn.Sequential(*(Branch(after, 2**n) for n in range(BRANCHES)))
        self.gate = (nn.Conv1d if flat else nn.Conv2d)(after, 2 * after, 1)

    def forward(self, sound: Tensor) -> Tensor:
        """Return a quarter of the places."""
        output = functional.gelu(self.convolution(sound))
        if output.dim() == 3:
            output = self.branches(output)
        else:
            rows = output.transpose(1, 2)
            output = self.branches(rows.flatten(0, 1)).reshape(rows.shape).transpose(1, 2)
        return functional.glu(self.gate(output), 1)


class Up(nn.Module):
    """The skip added, a gate that sees its neighbours, a strided transposed convolution; see :class:`Down`.

    :param last: makes stems: no rectifier behind it.
    """

    def __init__(self, before: int, after: int, *, flat: bool, last: bool) -> None:
        """Make the layers."""
        super().__init__()
        self.last = last
        pad = (KERNEL - STRIDE) // 2
        self.gate = (nn.Conv1d if flat else nn.Conv2d)(before, 2 * before, 3, padding=1)
        self.convolution = (
            nn.ConvTranspose1d(before, after, KERNEL, STRIDE, pad)
            if flat
            else nn.ConvTranspose2d(before, after, (KERNEL, 1), (STRIDE, 1), (pad, 0))
        )

    def forward(self, sound: Tensor, skipped: Tensor) -> Tensor:
        """Return four times the places."""
        output: Tensor = self.convolution(functional.glu(self.gate(sound + skipped), 1))
        return output if self.last else functional.gelu(output)


class UNet(nn.Module):
    """One of the two networks, in two halves; the transformer lies between them."""

    def __init__(self, lines: int, out: int, width: int, *, flat: bool) -> None:
        """Make the levels."""
        super().__init__()
        widths = [width * 2**level for level in range(DEPTH)]
        self.down = nn.ModuleList(
            Down(before, after, flat=flat) for before, after in zip([lines, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(
            Up(before, after, flat=flat, last=not level)
            for level, (before, after) in reversed(list(enumerate(zip(widths, [out, *widths], strict=False))))
        )

    def decoded(self, level: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """Return the stems; ``skips`` as the levels down made them."""
        for up, skipped in zip(self.up, reversed(skips), strict=True):
            level = up(level, skipped)
        return level


class HtDemucs(Separator):
    """Two U-Nets, one on spectra and one on sound, whose deepest levels attend to each other; their stems are summed.

    For the options see :data:`MODEL`.

    :raises UsageError: if the heads do not divide the transformer's dimension, or the sparsity is impossible.
    """

    memory_format = torch.contiguous_format

    def __init__(
        self,
        stems: Sequence[str],
        width: int = 24,
        heads: int = 8,
        layers: int = 3,
        dimension: int = 0,
        sparsity: float = 0.0,
        rounds: int = 32,
        buckets: int = 4,
    ) -> None:
        """Make all layers."""
        super().__init__(stems)
        deepest = width * 2 ** (DEPTH - 1)
        dimension = dimension or deepest
        _require_transformer(dimension, heads, Sparsity(sparsity, rounds, buckets))
        self.transform = Spectrogram(WINDOW, HOP)
        out = len(self.stems) * self.channels
        self.of_spectra = UNet(self.channels * PARTS, out * PARTS, width, flat=False)
        self.of_sound = UNet(self.channels, out, width, flat=True)
        self.frequencies = nn.Parameter(_smooth(width, BINS // STRIDE))
        _respread(self)
        self.transformer = CrossTransformer(
            dimension, heads, layers, Sparsity(sparsity, rounds, buckets) if sparsity else None
        )
        self.projections = nn.ModuleList() if dimension == deepest else _projections(deepest, dimension)

    def estimate(self, mixture: Tensor) -> Estimate:
        """Return the sound of the stems; see :class:`Separator`."""
        count, frames = len(self.stems), mixture.shape[-1]
        parts = as_parts(self.transform(mixture), BINS)
        filled = functional.pad(mixture.float(), (0, -frames % STRIDE**DEPTH))
        (parts, part_scale), (filled, scale) = _normalised(parts), _normalised(filled)
        stem_parts, stem_sound = self.network(parts, filled)
        spectra = from_parts(stem_parts, count, self.channels)
        of_spectra = self.transform.inverse(spectra * part_scale[..., None], frames)
        of_sound = stem_sound.float().reshape(len(mixture), count, self.channels, -1)[..., :frames] * scale[..., None]
        return Estimate(frames, sound=of_spectra + of_sound)

    def network(self, parts: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Return the stems' parts (item, stem x 4, bin, spectrum) and sound (item, stem x 2, frame), both normalised.

        :param parts: (item, 4, 2048, spectrum) of the mixture, normalised.
        :param sound: (item, 2, frame), normalised; frames are a multiple of 256.
        """
        part_skips: list[Tensor] = []
        sound_skips: list[Tensor] = []
        for of_parts, of_sound in zip(self.of_spectra.down, self.of_sound.down, strict=True):
            parts, sound = of_parts(parts), of_sound(sound)
            if not part_skips:
                parts = parts + OF_FREQUENCY * self.frequencies[:, :, None]
            part_skips.append(parts)
            sound_skips.append(sound)
        parts, sound = self._transformed(parts, sound)
        return self.of_spectra.decoded(parts, part_skips), self.of_sound.decoded(sound, sound_skips)

    def _transformed(self, parts: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Return the deepest levels after the transformer, projected to its dimension and back if that is another."""
        if not self.projections:
            transformed: tuple[Tensor, Tensor] = self.transformer(parts, sound)
            return transformed
        parts_in, parts_out, sound_in, sound_out = self.projections
        grid, line = self.transformer(_projected(parts_in, parts), sound_in(sound))
        return _projected(parts_out, grid), sound_out(line)


def _require_transformer(dimension: int, heads: int, sparsity: Sparsity) -> None:
    if dimension % heads or dimension % POSITIONS:
        raise UsageError(
            f"htdemucs-s: {heads} heads and a transformer of {dimension} features; the features (`dimension`, or "
            f"8 x `width`) must be a multiple of the heads and of {POSITIONS}"
        )
    if not 0 <= sparsity.share < 1:
        raise UsageError(f"htdemucs-s: option sparsity is {sparsity.share}; allowed: 0 <= sparsity < 1")
    if sparsity.buckets % 2:
        raise UsageError(f"htdemucs-s: option buckets is {sparsity.buckets}; it must be an even number")


def _projections(deepest: int, dimension: int) -> nn.ModuleList:
    """Return convolutions of one tap: into the transformer and out of it, of spectra, then of sound."""
    there, back = (deepest, dimension), (dimension, deepest)
    return nn.ModuleList(nn.Conv1d(*channels, 1) for channels in (there, back, there, back))


def _projected(projection: nn.Module, grid: Tensor) -> Tensor:
    """Return a grid (item, channel, frequency, time) with other channels."""
    lines: Tensor = projection(grid.flatten(2))
    return lines.reshape(*lines.shape[:2], *grid.shape[2:])


def _normalised(sound: Tensor) -> tuple[Tensor, Tensor]:
    """Return items of mean 0 and deviation 1, and their deviations, of the same number of axes."""
    axes = tuple(range(1, sound.dim()))
    deviation = sound.std(axes, correction=0, keepdim=True) + FLOOR
    return (sound - sound.mean(axes, keepdim=True)) / deviation, deviation


def _smooth(width: int, count: int) -> Tensor:
    """Return a code (channel, frequency) that changes slowly along frequencies, of deviation one."""
    return torch.randn(width, count).cumsum(1) / torch.arange(1, count + 1).sqrt()


def _respread(network: nn.Module) -> None:
    """Bring the deviations of first weights half-way, by the logarithm, to :data:`SPREAD`."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d | nn.ConvTranspose2d):
            with torch.no_grad():
                scale = (layer.weight.std() / SPREAD).sqrt()
                layer.weight /= scale
                if layer.bias is not None:
                    layer.bias /= scale


MODEL: Final = Model(
    HtDemucs,
    "Hybrid Transformer Demucs, compact",
    "Rouard et al. 2023, arXiv:2211.08553",
    (
        ModelOption("width", "channels of the first level, doubled at each of the next three"),
        ModelOption("heads", "heads of the transformer, a divisor of its features"),
        ModelOption("layers", "layers of the transformer; every second one is a cross-attention", LARGEST_COUNT),
        ModelOption(
            "dimension",
            "features of the transformer; if not 8 x `width`, convolutions lead to it and back; 0: 8 x `width`",
            least=0,
        ),
        ModelOption(
            "sparsity",
            "share of the pairs of places that attention leaves out, below 1; published for long segments: 0.9; "
            "0: dense attention",
        ),
        ModelOption("rounds", "rounds of locality-sensitive hashing, if `sparsity` is not 0", LARGEST_COUNT),
        ModelOption("buckets", "buckets of a round, an even number", LARGEST_COUNT, least=2),
    ),
)
