"""Checks on the audio itself: bytes, lengths, sums, onsets. Each call reads one performance and kit, or one kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
"""A hit is measured where its stem is silent for this long before."""
LEAD_IN_S: Final = 0.006
"""A one-shot may begin this long before its attack (banks keep 5 ms)."""
LATEST_PEAK_S: Final = 0.100
"""A sound whose peak comes later swells on, or plays into the next: its attack is not measured."""
ROUNDING_UNITS: Final = 1.0
"""Samples and peak were rounded to integers by half a unit: what lies closer to the threshold is undecided."""
LEAST_PEAK_UNITS: Final = 64.0
"""Softer sounds have too few integer steps below their attack to measure it."""
RESHAPED: Final = 2.0
"""Equalisers, dynamics and shifts of pitch raise or lower the first wave of a stroke against its peak, by up to 6 dB in
the ready chains: what crosses the threshold then is another wave of a sound that has not moved."""
_CHOKED_PIECES: Final = (Piece.HIHAT_OPEN, Piece.HIHAT_CLOSED, Piece.RIDE, Piece.CRASH)
"""A hand or a pedal may end these before their peak: where one is silent again within the stretch, nothing is said."""

_HATS: Final = (Piece.HIHAT_CLOSED, Piece.HIHAT_OPEN)
"""A stroke of either ends the other, which lowers the peak that an attack is measured against."""


@dataclass(frozen=True, slots=True)
class TrackFile:
    """What a manifest says of one file."""

    path: str
    sha256: str
    frames: int
    silent: bool


@dataclass(frozen=True, slots=True, eq=False)
class StemSet:
    """All tracks of one performance and kit, and where its hits lie."""

    tracks: Mapping[str, TrackFile]
    hits: Mapping[str, NDArray[np.int64]]
    """Piece -> frames of its hits, ascending."""
    sample_rate: int
    kit: str = ""
    tolerance_s: float = 0.0
    """How far effects may move an attack; 0 for stems as they were rendered."""
    mixture_is_sum: bool = True
    """False where effects followed on the mixture: then only its length is compared."""


def check_stems(root: Path, stems: StemSet) -> Findings:
    """Return what is wrong with the tracks of one performance and kit.

    Hashes and decoded lengths of all files; mixture and group stems against the sums of the stems, integer for integer;
    onsets of hits that stand alone against the frames of the ``hits`` manifest.
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
    """Return what is wrong with a kit's single hits, given with the frame of their attack and their piece."""
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
    """Check the bytes of one file; return whether there is one."""
    try:
        found = file_sha256(root / path)
    except OSError as error:
        findings.add("file", path, error.strerror or error, "a readable file")
        return False
    if found != sha256:
        findings.add("hash", path, found[:16], sha256[:16])
    return True


def _decoded(root: Path, track: TrackFile, findings: Findings) -> Pcm | None:
    """Check hash and length of a file; return its integers, None if there are none."""
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
    """Add a track to a sum, in place."""
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
    """Compare a written sum with the sum of what was written; its length alone if they need not be equal."""
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
    """Measure every hit that stands alone: silence before it, nothing that ends it while its attack lasts."""
    hits = stems.hits.get(piece.value)
    if hits is None:
        return
    attack, lead, quiet = (
        units.frames_of(time_s, stems.sample_rate) for time_s in (ATTACK_S, LEAD_IN_S, SILENCE_BEFORE_S)
    )
    rivals = _HATS if piece in _HATS else (piece,)
    ends = np.sort(np.concatenate([stems.hits[one.value] for one in rivals if one.value in stems.hits]))
    ends = np.append(ends, len(pcm) + lead)
    before = np.diff(hits, prepend=-(attack + lead))
    after = ends[np.searchsorted(ends, hits, side="right")] - hits
    for frame in hits[(before >= quiet) & (after >= attack + lead)].tolist():
        silent_before = not pcm[max(0, frame - quiet) : max(0, frame - lead)].any()
        sound = pcm[frame : frame + attack]
        choked = piece in _CHOKED_PIECES and sound.any() and not sound[-1].any()
        if silent_before and not choked:
            measured = _check_onset(pcm, frame, stems.sample_rate, where, findings, tolerance_s=stems.tolerance_s)
            if measured and not stems.tolerance_s:
                after = int(ends[np.searchsorted(ends, frame, side="right")]) - frame - lead
                _note_rise(findings, (stems.kit, piece.value), rise_s(pcm, frame, after, stems.sample_rate))


def _check_onset(
    pcm: Pcm, frame: int, sample_rate: int, where: str, findings: Findings, *, tolerance_s: float = 0.0
) -> bool:
    """Check that the attack, by the definition of :func:`stemgmd_tools.onsets.onset_frame`, lies on ``frame``.

    Instead of searching for it, both halves of the definition are checked with room for the rounding to integers: no
    earlier frame is surely above the threshold, and this one is not surely below. With a tolerance, the same is asked
    of the first and the last frame that it allows, at a threshold for each that :data:`RESHAPED` moves.

    :return: whether there was enough of an attack to measure.
    """
    slack = units.frames_of(tolerance_s, sample_rate)
    reshaped = RESHAPED if tolerance_s else 1.0
    start = max(0, frame - units.frames_of(LEAD_IN_S, sample_rate))
    amplitude = magnitude(pcm[start : frame + units.frames_of(ATTACK_S, sample_rate)])
    peak_at = int(amplitude.argmax())
    peak = float(amplitude[peak_at])
    if peak == 0:
        findings.add("onset", where, f"silence around frame {frame}", "an attack there, as the hits say")
    if peak < LEAST_PEAK_UNITS or start + peak_at - frame > units.frames_of(LATEST_PEAK_S, sample_rate):
        return False
    findings.onsets += 1
    first = int((amplitude >= peak * ATTACK_SHARE * reshaped + ROUNDING_UNITS).argmax())
    reached = amplitude[frame - start : frame - start + slack + 1].max()
    if first < frame - start - slack or reached < peak * ATTACK_SHARE / reshaped - ROUNDING_UNITS:
        findings.add("onset", where, f"attack on frame {start + first}", f"frame {frame}, as the hits say")
    return True


def _note_rise(findings: Findings, stroke: tuple[str, str], rise: float | None) -> None:
    if rise is not None:
        findings.rises.setdefault(stroke, []).append(rise)
