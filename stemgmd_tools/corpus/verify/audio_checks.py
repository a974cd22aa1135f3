"""Check audio files: hashes, lengths, sums and onsets of one performance and kit, or of one kit's single hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio import Pcm, read_pcm
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.verify.attacks import rise_s
from stemgmd_tools.corpus.verify.findings import Findings
from stemgmd_tools.errors import AudioError
from stemgmd_tools.onsets import ATTACK_S, ATTACK_SHARE, magnitude
from stemgmd_tools.pieces import PIECES_OF_GROUP, Piece
from stemgmd_tools.storage.files import file_sha256

SILENCE_BEFORE_S: Final = 0.030
"""A hit is measured only if its stem is silent for this long before it."""
LEAD_IN_S: Final = 0.006
"""A one-shot may begin this long before its attack (banks keep 5 ms)."""
LATEST_PEAK_S: Final = 0.100
"""If the peak comes later, the sound swells or overlaps the next one: its attack is not measured."""
ROUNDING_UNITS: Final = 1.0
"""Tolerance at the threshold: samples and peak were each rounded by up to half a unit."""
LEAST_PEAK_UNITS: Final = 64.0
"""Least peak of a measured sound: softer ones have too few integer steps below their attack."""
RESHAPED: Final = 2.0
"""Tolerance factor of the threshold after effects: equalisers, dynamics and pitch shifts change the first wave of a
stroke relative to its peak, by up to 6 dB in the ready chains."""
FADED_S: Final = 0.002
"""A fade moves the first frame above the threshold by at most this."""
_CHOKED_PIECES: Final = (Piece.HIHAT_OPEN, Piece.HIHAT_CLOSED, Piece.RIDE, Piece.CRASH)
"""Pieces that a hand or the pedal may stop before their peak; a stroke that ends within the window is not measured."""

_HATS: Final = (Piece.HIHAT_CLOSED, Piece.HIHAT_OPEN)
"""A stroke of one ends the other, which lowers the peak that an attack is measured against."""


@dataclass(frozen=True, slots=True)
class TrackFile:
    """The manifest's values for one file."""

    path: str
    sha256: str
    frames: int
    silent: bool


@dataclass(frozen=True, slots=True, eq=False)
class StemSet:
    """All tracks of one performance and kit, and the frames of its hits."""

    tracks: Mapping[str, TrackFile]
    hits: Mapping[str, NDArray[np.int64]]
    """Piece -> frames of its hits, ascending."""
    sample_rate: int
    kit: str = ""
    tolerance_s: float = 0.0
    """Largest shift of an attack by effects; 0 for unprocessed stems."""
    mixture_is_sum: bool = True
    """False if effects were applied to the mixture: then only its length is compared."""
    microphones: Mapping[str, Mapping[str, TrackFile]] = field(default_factory=dict)
    """Microphone -> track -> file: nine pieces and the mixture."""


def check_stems(root: Path, stems: StemSet) -> Findings:
    """Check the tracks of one performance and kit.

    Compares hashes and decoded lengths of all files with the manifest, mixture and group stems with the sums of the
    stems, integer for integer, and onsets of isolated hits with the frames in the ``hits`` manifest.
    """
    findings = Findings()
    mixture: NDArray[np.int32] | None = None
    for group, pieces in PIECES_OF_GROUP.items():
        total: NDArray[np.int32] | None = None
        for piece in pieces:
            track = stems.tracks[piece.value]
            pcm = _decoded(root, track, findings)
            if pcm is None:
                continue
            if bool(pcm.any()) == track.silent:
                findings.add("silent", track.path, *(("sound", "silence") if track.silent else ("silence", "sound")))
            _check_onsets(pcm, stems, piece, track.path, findings)
            total = _sum(total, pcm, track.path, findings)
        name = layout.group_track(group)
        if name in stems.tracks:
            _check_sum(root, stems.tracks[name], total, findings)
        if total is not None:
            mixture = _sum(mixture, total, f"group {group.value} of {stems.tracks[layout.MIXTURE].path}", findings)
    _check_sum(root, stems.tracks[layout.MIXTURE], mixture, findings, equal=stems.mixture_is_sum)
    return findings


def check_single_hits(root: Path, kit: str, rows: Sequence[tuple[TrackFile, int, str]], sample_rate: int) -> Findings:
    """Check a kit's single hits.

    :param rows: file, frame of the attack, and piece of each hit.
    """
    findings = Findings()
    for track, onset, piece in rows:
        pcm = _decoded(root, track, findings)
        if pcm is None:
            continue
        if onset >= len(pcm):
            findings.add("onset", track.path, f"{len(pcm)} frames", f"attack on frame {onset}")
        elif _check_onset(pcm, onset, sample_rate, track.path, findings):
            _note_rise(findings, (kit, piece), rise_s(pcm, onset, len(pcm) - onset, sample_rate))
    return findings


def check_hash(root: Path, path: str, sha256: str, findings: Findings) -> bool:
    """Check the hash of one file; return whether the file can be read."""
    try:
        actual = file_sha256(root / path)
    except OSError as error:
        findings.add("file", path, error.strerror or error, "a readable file")
        return False
    if actual != sha256:
        findings.add("hash", path, actual[:16], sha256[:16])
    return True


def _decoded(root: Path, track: TrackFile, findings: Findings) -> Pcm | None:
    """Check hash and length of a file; return its samples, or None if it cannot be decoded."""
    if not check_hash(root, track.path, track.sha256, findings):
        return None
    try:
        pcm, _, _ = read_pcm(root / track.path)
    except AudioError:
        findings.add("decode", track.path, "cannot be decoded", f"{track.frames} frames")
        return None
    if len(pcm) != track.frames:
        findings.add("frames", track.path, len(pcm), track.frames)
    return pcm


def _sum(total: NDArray[np.int32] | None, pcm: Pcm, where: str, findings: Findings) -> NDArray[np.int32] | None:
    """Add a track to a sum, in place, and return the sum."""
    if total is None:
        return pcm.astype(np.int32)
    if len(pcm) != len(total):
        findings.add("length", where, f"{len(pcm)} frames", f"{len(total)}, as the other stems")
    else:
        total += pcm
    return total


def _check_sum(
    root: Path, track: TrackFile, total: NDArray[np.int32] | None, findings: Findings, *, equal: bool = True
) -> None:
    """Compare a mixture or group stem with the sum of its stems; compare only the lengths unless ``equal``."""
    written = _decoded(root, track, findings)
    if written is None or total is None:
        return
    if len(written) != len(total):
        findings.add("sum", track.path, f"{len(written)} frames", f"{len(total)}, as the stems")
        return
    differs = (written != total).any(axis=1)
    if equal and differs.any():
        first = int(differs.argmax())
        findings.add("sum", f"{track.path} frame {first}", written[first].tolist(), total[first].tolist())


def _check_onsets(pcm: Pcm, stems: StemSet, piece: Piece, where: str, findings: Findings) -> None:
    """Check the onset of every isolated hit: one with silence before it and no other stroke during its attack."""
    hits = stems.hits.get(piece.value)
    if hits is None:
        return
    attack, lead, quiet = (
        units.frames_of(time_s, stems.sample_rate) for time_s in (ATTACK_S, LEAD_IN_S, SILENCE_BEFORE_S)
    )
    late = hits[hits >= len(pcm)]
    if len(late):
        findings.add("onset", where, f"{len(pcm)} frames", f"an attack on frame {late[0]}, as the hits say")
    hits = hits[hits < len(pcm)]
    rivals = _HATS if piece in _HATS else (piece,)
    ends = np.sort(np.concatenate([stems.hits[rival.value] for rival in rivals if rival.value in stems.hits]))
    ends = np.append(ends[ends < len(pcm)], len(pcm) + lead)
    together = set(hits[1:][np.diff(hits) == 0].tolist())
    before = np.diff(hits, prepend=-(attack + lead))
    room = ends[np.searchsorted(ends, hits, side="right")] - hits
    for frame in hits[(before >= quiet) & (room >= attack + lead)].tolist():
        silent_before = not pcm[max(0, frame - quiet) : max(0, frame - lead)].any()
        sound = pcm[frame : frame + attack]
        choked = piece in _CHOKED_PIECES and sound.any() and not sound[-1].any()
        if silent_before and not choked:
            fades = piece in _CHOKED_PIECES
            measured = _check_onset(
                pcm,
                frame,
                stems.sample_rate,
                where,
                findings,
                tolerance_s=stems.tolerance_s,
                fades=fades,
                alone=frame not in together,
            )
            if measured and not stems.tolerance_s:
                after = int(ends[np.searchsorted(ends, frame, side="right")]) - frame - lead
                _note_rise(findings, (stems.kit, piece.value), rise_s(pcm, frame, after, stems.sample_rate))


def _check_onset(
    pcm: Pcm,
    frame: int,
    sample_rate: int,
    where: str,
    findings: Findings,
    *,
    tolerance_s: float = 0.0,
    fades: bool = False,
    alone: bool = True,
) -> bool:
    """Check that the attack, by the definition of :func:`stemgmd_tools.onsets.onset_frame`, lies on ``frame``.

    Both halves of the definition are checked with a tolerance for rounding to integers: no earlier frame is above the
    threshold, and this frame is not below it. With ``tolerance_s``, the halves are checked at the first and the last
    allowed frame, with the threshold shifted by :data:`RESHAPED`.

    :param fades: whether the stroke may be choked during its attack, by the pedal or a hand. A long fade lowers its
        peak, and with it the threshold; frames before the attack are then compared with the attack's own frame.
    :param alone: whether no other stroke of the piece has the same frame, such as one on a second crash cymbal. Where
        sounds start together, their first waves may cancel each other: only silence is a fault.
    :return: whether the attack was loud enough to measure.
    """
    slack = units.frames_of(tolerance_s, sample_rate)
    reshaped = RESHAPED if tolerance_s else 1.0
    start = max(0, frame - units.frames_of(LEAD_IN_S, sample_rate))
    amplitude = magnitude(pcm[start : frame + units.frames_of(ATTACK_S, sample_rate)])
    peak_at = int(amplitude.argmax())
    peak = float(amplitude[peak_at])
    if peak == 0:
        findings.add("onset", where, f"silence around frame {frame}", "an attack there, as the hits say")
    if not alone or peak < LEAST_PEAK_UNITS or start + peak_at - frame > units.frames_of(LATEST_PEAK_S, sample_rate):
        return False
    findings.onsets += 1
    reached = amplitude[frame - start : frame - start + slack + 1].max()
    threshold = peak * ATTACK_SHARE * reshaped
    first = int((amplitude >= threshold + ROUNDING_UNITS).argmax())
    if fades and frame - start - units.frames_of(FADED_S, sample_rate) <= first < frame - start:
        first = int((amplitude >= min(max(threshold, reached) + ROUNDING_UNITS, peak)).argmax())
    if first < frame - start - slack or reached < peak * ATTACK_SHARE / reshaped - ROUNDING_UNITS:
        findings.add("onset", where, f"attack on frame {start + first}", f"frame {frame}, as the hits say")
    return True


def _note_rise(findings: Findings, stroke: tuple[str, str], rise: float | None) -> None:
    if rise is not None:
        findings.rises.setdefault(stroke, []).append(rise)
