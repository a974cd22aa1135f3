"""Render and write the tracks of one performance and kit together with those of the kit's microphones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from stemgmd_tools.audio import Pcm
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.render.writer import Share, TrackName, row_of, share_of_stems, track_set, write_shares
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.microphones import MicrophoneBank
from stemgmd_tools.loudness import HOPS_PER_SECOND, hop_frames
from stemgmd_tools.manifest.rows import Row
from stemgmd_tools.manifest.tables import MICROPHONES, STEMS
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.microphones import Block, MicrophoneMixer
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import RenderSettings

BLOCK_SECONDS: Final = 1
"""Shorter than without microphones, since a block holds nine stems for each of them."""


def write_with_microphones(
    root: Path, performance: Performance, bank: Bank, microphones: MicrophoneBank, settings: RenderSettings
) -> tuple[list[Row], list[Row]]:
    """Render one performance through one kit and write its stems and the tracks of the kit's microphones.

    :return: rows of ``stems`` and of ``microphones``.
    :raises AudioError: if a file cannot be written.
    """
    decided = plan(performance, bank, settings)
    mixer = MicrophoneMixer(decided, bank, microphones)
    facts = track_set(performance, decided, settings, mixer.headroom_db(settings.bit_depth))
    stems = layout.stem_paths(settings, performance, decided.kit)
    of_microphones = layout.microphone_paths(settings, performance, decided.kit, microphones.names)
    names = {layout.microphone_track(*key): key for key in of_microphones}
    silent = {name for name, (_, track) in names.items() if not facts.hits_of(track)}
    block_frames = hop_frames(settings.sample_rate) * HOPS_PER_SECOND * BLOCK_SECONDS
    blocks = mixer.blocks(settings.bit_depth, facts.gain_db, block_frames)
    paths = {**stems, **{name: of_microphones[key] for name, key in names.items()}}
    tracks = write_shares(root, paths, facts.silent | silent, _shares(blocks, names, microphones), settings)
    return (
        [row_of(STEMS, facts, TrackName(name), path, tracks[name], settings) for name, path in stems.items()],
        [
            row_of(MICROPHONES, facts, TrackName(track, microphone), paths[name], tracks[name], settings)
            for name, (microphone, track) in names.items()
        ],
    )


def _shares(blocks: Iterator[Block], names: dict[str, tuple[str, str]], microphones: MicrophoneBank) -> Iterator[Share]:
    """Yield a function for each block that returns a track's samples by name."""
    index = {name: number for number, name in enumerate(microphones.names)}
    axis = {piece.value: piece.axis for piece in PIECES}
    places = {name: (index[microphone], axis.get(track)) for name, (microphone, track) in names.items()}
    return (partial(_share, block, places) for block in blocks)


def _share(block: Block, places: dict[str, tuple[int, int | None]], name: str) -> Pcm:
    if name not in places:
        return share_of_stems(block.stems, block.mixture, name)
    microphone, axis = places[name]
    parts = block.parts[microphone]
    share: Pcm = parts.sum(axis=0, dtype=parts.dtype) if axis is None else np.ascontiguousarray(parts[axis])
    return share
