"""A bank made by hand, small enough to reason about: every number in it is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.bank.bank import SAMPLE_DTYPE, Bank
from stemgmd_tools.pieces import ARTICULATIONS

RATE = 44_100
LAYERS, VARIATIONS = 2, 3
HIHAT = 0
RELEASE_FRAMES = 100


def toy_bank(
    *, frames: int = 3000, onset: int = 0, amplitude: float = 0.25, hihat_degrees: tuple[float, ...] = (0.2, 1.0)
) -> Bank:
    """Return a bank whose one-shots start with their peak and decay, all different."""
    rows: list[tuple[int, ...]] = []
    shots: list[NDArray[np.int16]] = []
    width = max(1, len(hihat_degrees))
    degrees = np.full((len(ARTICULATIONS), width), np.nan, np.float32)
    first = np.zeros((len(ARTICULATIONS), width, LAYERS), np.int32)
    start = 0
    for a, name in enumerate(ARTICULATIONS):
        grid = hihat_degrees if name.startswith("hihat_open") else (0.0,)
        degrees[a, : len(grid)] = grid
        for d in range(len(grid)):
            for layer in range(LAYERS):
                first[a, d, layer] = len(rows)
                for variation in range(VARIATIONS):
                    rng = np.random.default_rng(len(rows))
                    envelope = np.exp(-np.arange(frames) / (frames / 6))[:, None]
                    sound = rng.uniform(-1, 1, (frames, 2)) * envelope * 20_000
                    sound[:onset] *= 0.01
                    sound[onset] = 30_000
                    rows.append((a, d, layer, variation, start, frames, onset, 2.0**-15, 0))
                    shots.append(np.rint(sound).astype(np.int16))
                    start += frames
    velocity = np.arange(128, dtype=np.float32)
    gain = np.broadcast_to(np.float32(amplitude) * velocity / np.float32(127), (len(ARTICULATIONS), width, 128)).copy()
    layer_of = np.broadcast_to((velocity >= 64).astype(np.uint8), gain.shape).copy()
    group = np.array([HIHAT if name.startswith("hihat") else -1 for name in ARTICULATIONS], np.int8)
    group[[ARTICULATIONS.index(name) for name in ("crash1_bow", "crash1_edge")]] = 1
    closing = np.array([name.startswith("hihat_closed") or name == "hihat_pedal" for name in ARTICULATIONS])
    return Bank(
        kit="toy",
        kit_hash="0" * 64,
        pcm_sha256="0" * 64,
        sample_rate=RATE,
        pcm=np.concatenate(shots).reshape(-1),
        samples=np.array(rows, SAMPLE_DTYPE),
        degrees=degrees,
        layer=layer_of,
        gain=gain,
        first=first,
        variations=np.full(first.shape, VARIATIONS, np.int32),
        choke_group=group,
        chokes=closing,
        release_frames=np.full(len(ARTICULATIONS), RELEASE_FRAMES, np.int32),
    )
