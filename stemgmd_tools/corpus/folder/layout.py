"""File layouts of a corpus: relative POSIX paths of tracks, MIDI files and single hits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import GROUPS, NOTE_OF_ARTICULATION, PIECES, PIECES_OF_GROUP, Group, Piece
from stemgmd_tools.rendering.plan import PRIMARY_ARTICULATION
from stemgmd_tools.rendering.settings import RenderSettings

MIXTURE: Final = "mixture"
SINGLE_HIT_VELOCITIES: Final = (30, 41, 52, 62, 73, 84, 95, 105, 116, 127)
"""Ten velocities from 30 to 127, evenly spaced, as in StemGMD."""

MICROPHONE_TRACKS: Final = (*(piece.value for piece in PIECES), MIXTURE)
"""Tracks of a microphone: what it hears of each piece, and of all of them."""
_MICROPHONE_FOLDER: Final = "microphones"

_STEMGMD_FOLDER: Final = {piece.value: piece.value for piece in PIECES} | {Piece.CRASH.value: "crash_left"}
_PART_OF_GROUP: Final = {group: f"group_{group.value}" for group in GROUPS}


def group_track(group: Group) -> str:
    """Return the track name of a group stem; ``kick`` and ``snare`` are pieces too, hence the prefix."""
    return _PART_OF_GROUP[group]


def axes_of(track: str) -> tuple[int, ...]:
    """Return the axes of the stems that a track is the sum of."""
    if track == MIXTURE:
        return tuple(range(len(PIECES)))
    for group in GROUPS:
        if track == group_track(group):
            return tuple(piece.axis for piece in PIECES_OF_GROUP[group])
    return (Piece(track).axis,)


def tracks(settings: RenderSettings) -> tuple[str, ...]:
    """Return the names of all tracks of one performance and kit: nine pieces, mixture, then the groups to write."""
    names = (*(piece.value for piece in PIECES), MIXTURE)
    return names + tuple(group_track(group) for group in groups(settings))


def groups(settings: RenderSettings) -> tuple[Group, ...]:
    """Return the group stems to write.

    The ``stemgmd`` layout always has the original's ``toms``, ``hihat`` and ``cymbals``; kick and snare are the piece's
    own files there.
    """
    if settings.layout == "stemgmd":
        return tuple(group for group in GROUPS if group not in (Group.KICK, Group.SNARE))
    return GROUPS if settings.groups else ()


def stem_paths(settings: RenderSettings, performance: Performance, kit: str) -> dict[str, PurePosixPath]:
    """Return the path of every track of one performance through one kit, by track name.

    ``native``: ``audio/<kit>/<performance>/<track>.<suffix>``.
    ``stemgmd``: ``audio/drummerN/sessionN/<kit>/<folder>/<MIDI name>.wav``, the original's names.

    :raises CorpusError: if the layout is ``stemgmd`` and the performance has no MIDI file name.
    """
    if settings.layout == "native":
        folder = PurePosixPath("audio", kit, performance.id)
        return {name: folder / f"{name}.{settings.container}" for name in tracks(settings)}
    name = PurePosixPath(_midi_filename(performance)).stem
    folder = PurePosixPath("audio") / PurePosixPath(performance.id).parent / kit
    return {track: folder / _stemgmd_folder(track) / f"{name}.{settings.container}" for track in tracks(settings)}


def microphone_track(microphone: str, track: str) -> str:
    """Return a name for a track of a microphone that no track of :func:`tracks` has."""
    return f"{_MICROPHONE_FOLDER}/{microphone}/{track}"


def microphone_paths(
    settings: RenderSettings, performance: Performance, kit: str, microphones: Sequence[str]
) -> dict[tuple[str, str], PurePosixPath]:
    """Return the path of every track of a kit's microphones, by microphone and track: nine pieces, then the mixture.

    ``audio/<kit>/<performance>/microphones/<microphone>/<track>.<suffix>``.
    """
    folder = PurePosixPath("audio", kit, performance.id, _MICROPHONE_FOLDER)
    return {
        (microphone, track): folder / microphone / f"{track}.{settings.container}"
        for microphone in microphones
        for track in MICROPHONE_TRACKS
    }


def midi_paths(performance: Performance) -> tuple[PurePosixPath, PurePosixPath]:
    """Return the paths of a performance's source MIDI file and of the one mapped to the nine pieces."""
    base = PurePosixPath("midi") / performance.id
    return base.with_name(f"{base.name}.mid"), base.with_name(f"{base.name}.pieces.mid")


def single_hit_path(settings: RenderSettings, kit: str, articulation: str, velocity: int) -> PurePosixPath:
    """Return the path of one single hit.

    ``native``: ``single_hits/<kit>/<articulation>/v<velocity>.<suffix>``.
    ``stemgmd``: ``single_hits/<kit>/<instrument>-<n>.wav`` with n from 1 (softest) to 10. The primary articulation of a
    piece has the piece's name, as in the original; the others have their own names.
    """
    if settings.layout == "native":
        return PurePosixPath("single_hits", kit, articulation, f"v{velocity:03d}.{settings.container}")
    piece = NOTE_OF_ARTICULATION[articulation].piece
    is_primary = PRIMARY_ARTICULATION[piece] == articulation
    instrument = _STEMGMD_FOLDER[piece.value] if is_primary else articulation
    number = SINGLE_HIT_VELOCITIES.index(velocity) + 1
    return PurePosixPath("single_hits", kit, f"{instrument}-{number}.{settings.container}")


def _stemgmd_folder(track: str) -> str:
    return _STEMGMD_FOLDER.get(track, track.removeprefix("group_"))


def _midi_filename(performance: Performance) -> str:
    filename = performance.metadata.get("midi_filename")
    if not isinstance(filename, str) or not filename:
        raise CorpusError(f"{performance.id}: the stemgmd layout names files after the MIDI file, which is not known")
    return filename
