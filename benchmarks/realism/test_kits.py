"""A folder of one-shots with its ``kit.json`` becomes labelled sounds, and a whole kit to render with."""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.kit import Kit, load_kit_file
from stemgmd_tools.kits.sample_map.schema import Articulation, Fallback, KitMap, Layer
from stemgmd_tools.kits.sample_map.writer import write_map
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION, Group, Piece
from stemgmd_tools.rendering.plan import PRIMARY_ARTICULATION
from tools.prepared import PREPARED_MAPS

DESCRIPTION: Final = "kit.json"
HALF_OPEN: Final = 0.4
"""Openness that ``half_open`` stands for."""

PIECE_OF: Final = {
    "kick": Piece.KICK,
    "snare": Piece.SNARE,
    "hi_tom": Piece.HI_TOM,
    "mid_tom": Piece.MID_TOM,
    "floor_tom": Piece.LOW_TOM,
    "low_tom": Piece.LOW_TOM,
    "closed_hihat": Piece.HIHAT_CLOSED,
    "open_hihat": Piece.HIHAT_OPEN,
    "ride": Piece.RIDE,
    "crash": Piece.CRASH,
}
"""Names of pieces in a ``kit.json``."""

_ARTICULATION_OF: Final = {
    ("snare", "edge"): "snare_rimshot",
    ("snare", "rimshot"): "snare_rimshot",
    ("snare", "sidestick"): "snare_cross_stick",
    ("hi_tom", "edge"): "hi_tom_rim",
    ("mid_tom", "edge"): "mid_tom_rim",
    ("floor_tom", "edge"): "low_tom_rim",
    ("low_tom", "edge"): "low_tom_rim",
    ("closed_hihat", "edge"): "hihat_closed_edge",
    ("closed_hihat", "pedal"): "hihat_pedal",
    ("open_hihat", "edge"): "hihat_open_edge",
    ("ride", "edge"): "ride_edge",
    ("ride", "bell"): "ride_bell",
    ("crash", "bow"): "crash1_bow",
    ("crash", "tip"): "crash1_bow",
    ("crash", "edge"): "crash1_edge",
    ("crash", "edge2"): "crash2_edge",
}
_MAIN_NAMES: Final = frozenset({"center", "tip", "open", "half_open", "bow", "edge"})
"""Articulations that mean the ordinary stroke where the table above has nothing else."""


class Lender(NamedTuple):
    """An articulation that can stand in for another, and what makes it alike."""

    articulation: str
    gain_db: float = 0.0
    semitones: float = 0.0


_LENDERS: Final[Mapping[str, tuple[Lender, ...]]] = {
    "snare_head": (Lender("snare_rimshot", -2, -1),),
    "snare_rimshot": (Lender("snare_head", 2, 1),),
    "snare_cross_stick": (Lender("snare_rimshot", -8, 4), Lender("snare_head", -8, 5)),
    "hi_tom_head": (Lender("mid_tom_head", 0, 3), Lender("low_tom_head", 0, 7)),
    "mid_tom_head": (Lender("hi_tom_head", 0, -3), Lender("low_tom_head", 0, 4)),
    "low_tom_head": (Lender("mid_tom_head", 0, -4), Lender("hi_tom_head", 0, -7)),
    "hi_tom_rim": (Lender("snare_cross_stick", -2, -1), Lender("hi_tom_head", -2, 2)),
    "mid_tom_rim": (Lender("snare_cross_stick", -2, -3), Lender("mid_tom_head", -2, 2)),
    "low_tom_rim": (Lender("snare_cross_stick", -2, -6), Lender("low_tom_head", -2, 2)),
    "hihat_closed_bow": (Lender("hihat_closed_edge", -2, 1), Lender("hihat_pedal", 6, 2)),
    "hihat_closed_edge": (Lender("hihat_closed_bow", 2, -1),),
    "hihat_pedal": (Lender("hihat_closed_bow", -6, -2),),
    "hihat_open_bow": (Lender("hihat_open_edge", -2, 0.5), Lender("crash1_edge", -6, 6)),
    "hihat_open_edge": (Lender("hihat_open_bow", 2, -0.5),),
    "ride_bow": (Lender("ride_edge", -4, 1), Lender("hihat_open_bow", -2, -4)),
    "ride_edge": (Lender("ride_bow", 4, -1),),
    "ride_bell": (Lender("ride_bow", 2, 4),),
    "crash1_bow": (Lender("crash1_edge", -3, 1),),
    "crash1_edge": (Lender("crash2_edge", 0, -2), Lender("crash1_bow", 3, -1), Lender("hihat_open_bow", 6, -8.5)),
    "crash2_bow": (Lender("crash2_edge", -3, 1), Lender("crash1_bow", 0, 2)),
    "crash2_edge": (Lender("crash1_edge", 0, 2),),
}
_RELEASE_S: Final = {Group.HIHAT: 0.06, Group.CYMBALS: 0.12}
_CLOSED_RELEASE_S: Final = 0.03


class OneShot(NamedTuple):
    """One file of a kit."""

    path: Path
    piece: Piece
    articulation: str | None
    """The one of the 22 it plays; None for a sound that a kit has no place for (only its piece is known)."""
    openness: float | None
    velocity: tuple[int, int]
    """Lowest and highest MIDI velocity it plays for; it sounds as at the highest."""


def one_shots(folder: Path) -> tuple[OneShot, ...]:
    """Return the files of a kit in the order of its ``kit.json``.

    :raises KitError: if the description cannot be read, or one of its samples lacks a key or names an unknown piece.
    """
    return tuple(_one_shot(folder, row, sample) for row, sample in enumerate(_described(folder)["samples"]))


def kit_of(folder: Path) -> Kit:
    """Return a kit to render with: by the prepared map of that name if there is one, else by the ``kit.json`` alone.

    :raises KitError: if the kit cannot be used.
    """
    prepared = PREPARED_MAPS / f"{folder.name}.yaml"
    if prepared.is_file():
        return load_kit_file(prepared, [folder.parent])
    kit_map = map_of(folder)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / f"{kit_map.name}.yaml"
        write_map(kit_map, path)
        return load_kit_file(path, [folder.parent.resolve()])


def map_of(folder: Path) -> KitMap:
    """Return a sample map made from a ``kit.json``: what is missing borrows the most likely neighbour.

    :raises KitError: if the kit cannot be used, or nothing of it can be played.
    """
    about = _described(folder)
    layers: dict[str, list[OneShot]] = defaultdict(list)
    for shot in one_shots(folder):
        if shot.articulation is not None:
            layers[shot.articulation].append(shot)
    if not layers:
        raise KitError(f"{folder / DESCRIPTION}: no sample of it plays one of the 22 articulations")
    return KitMap(
        schema="stemgmd-kit/1",
        name=re.sub(r"[^a-z0-9_]", "_", folder.name.lower()).lstrip("_") or "kit",
        title=str(about.get("title") or folder.name),
        description=str(about.get("description", "")),
        license=str(about.get("license") or "unknown"),
        attribution=str(about.get("attribution", "")),
        folder=folder.name,
        articulations={name: _articulation(name, layers) for name in ARTICULATIONS},
    )


def _described(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KitError(f"{path}: cannot be read ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("samples"), list):
        raise KitError(f'{path}: has no list "samples"')
    return content


def _one_shot(folder: Path, row: int, sample: Mapping[str, Any]) -> OneShot:
    where = f"{folder / DESCRIPTION}: samples[{row}]"
    try:
        piece_name, stroke = sample["piece"], sample["articulation"]
        velocity = int(sample["vel_lo"]), int(sample["vel_hi"])
        path = folder / sample["file"]
    except (KeyError, TypeError, ValueError) as error:
        raise KitError(f"{where}: lacks {error}; needed: file, piece, articulation, vel_lo, vel_hi") from error
    if piece_name not in PIECE_OF:
        raise KitError(f'{where}: unknown piece "{piece_name}"; known: {", ".join(PIECE_OF)}')
    piece = PIECE_OF[piece_name]
    articulation = _ARTICULATION_OF.get((piece_name, stroke))
    if articulation is None and stroke in _MAIN_NAMES:
        articulation = PRIMARY_ARTICULATION[piece]
    openness = None if piece is not Piece.HIHAT_OPEN else HALF_OPEN if stroke == "half_open" else 1.0
    return OneShot(path, piece, articulation, openness, velocity)


def _articulation(name: str, recorded: Mapping[str, Sequence[OneShot]]) -> Articulation:
    group = NOTE_OF_ARTICULATION[name].piece.group
    common: dict[str, Any] = {}
    if group in _RELEASE_S:
        chokes = NOTE_OF_ARTICULATION[name].piece is Piece.HIHAT_CLOSED
        common = {
            "choke_group": "hihat" if group is Group.HIHAT else name.partition("_")[0],
            "chokes": chokes,
            "release_s": _CLOSED_RELEASE_S if chokes else _RELEASE_S[group],
        }
    if name in recorded:
        return Articulation(layers=_layers(recorded[name]), **common)
    return Articulation(fallback=_fallback(name, frozenset(recorded)), **common)


def _layers(shots: Iterable[OneShot]) -> tuple[Layer, ...]:
    rows: dict[tuple[float, tuple[int, int]], list[OneShot]] = defaultdict(list)
    for shot in shots:
        rows[shot.openness or 0.0, shot.velocity].append(shot)
    return tuple(
        Layer(velocity=velocity, openness=takes[0].openness, files=tuple(take.path.name for take in takes))
        for (_, velocity), takes in sorted(rows.items())
    )


def _fallback(name: str, recorded: frozenset[str]) -> Fallback:
    """Return the nearest lender that is recorded, its own lenders included; else any sound of the kit."""
    reached: list[Lender] = [Lender(name)]
    for lent in reached:
        for lender in _LENDERS.get(lent.articulation, ()):
            step = Lender(lender.articulation, lent.gain_db + lender.gain_db, lent.semitones + lender.semitones)
            if step.articulation in recorded:
                widest = 1.0 if step.articulation == "hihat_open_bow" and not name.startswith("hihat") else None
                return Fallback(
                    articulation=step.articulation,
                    gain_db=step.gain_db,
                    pitch_semitones=step.semitones,
                    openness=widest,
                )
            if all(step.articulation != one.articulation for one in reached):
                reached.append(step)
    return Fallback(articulation=min(recorded, key=ARTICULATIONS.index))
