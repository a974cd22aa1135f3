"""Plan the strikes of a performance through a bank, without touching audio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.errors import RenderError
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import ARTICULATIONS, NOTES, Piece
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.seeds import stream

STRIKE_DTYPE: Final = np.dtype(
    [
        ("hit", "i4"),  # row in the performance's hits
        ("frame", "i8"),  # where the attack lies on the output
        ("piece", "u1"),  # axis of the stem
        ("sample", "i4"),  # row in the bank's samples
        ("gain", "f4"),  # amplitude per PCM unit of the sample
        ("choke_frame", "i8"),  # where the fade of a choked sound starts; -1 when it rings out
        ("release_frames", "i4"),  # length of that fade
    ]
)
NOT_CHOKED: Final = -1

PEDAL_SHUT: Final = 0.1
"""Openness at or below which the pedal counts as down: the cymbals touch and a ringing hat is choked."""

_ARTICULATION_OF_NOTE: Final = np.full(128, -1, np.int16)
_PIECE_OF_ARTICULATION: Final = np.array([note.piece.axis for note in NOTES], np.uint8)
for _row, _note in enumerate(NOTES):
    _ARTICULATION_OF_NOTE[_note.number] = _row

PRIMARY_ARTICULATION: Final = {
    Piece.KICK: "kick",
    Piece.SNARE: "snare_head",
    Piece.HI_TOM: "hi_tom_head",
    Piece.MID_TOM: "mid_tom_head",
    Piece.LOW_TOM: "low_tom_head",
    Piece.HIHAT_CLOSED: "hihat_closed_bow",
    Piece.HIHAT_OPEN: "hihat_open_bow",
    Piece.RIDE: "ride_bow",
    Piece.CRASH: "crash1_edge",
}
"""The articulation that stands for all of a piece under the mapping ``stemgmd``."""

_COLLAPSED: Final = np.array([ARTICULATIONS.index(PRIMARY_ARTICULATION[note.piece]) for note in NOTES], np.int16)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Everything decided about one performance through one kit."""

    performance: str
    kit: str
    sample_rate: int
    frames: int
    """Length of every stem."""
    strikes: NDArray[np.void]
    """One row per hit, :data:`STRIKE_DTYPE`, in the order of the performance."""


def plan(
    performance: Performance, bank: Bank, settings: RenderSettings | None = None, *, take: int | None = None
) -> Plan:
    """Decide which one-shot every hit plays, how loud, where, and when it is choked.

    :param settings: seed, sample rate, mapping and tail; the bank's sample rate must match. Default settings at the
        bank's rate if omitted.
    :param take: number of the variation that every hit plays, modulo their count; by default variations are drawn,
        never the same twice in a row.
    :return: the plan; a row depends only on (seed, performance, kit, hit).
    :raises RenderError: if the bank was compiled for another sample rate.
    """
    settings = settings or RenderSettings(sample_rate=bank.sample_rate)
    if settings.sample_rate != bank.sample_rate:
        raise RenderError(
            f"{performance.id}: asked for {settings.sample_rate} Hz, but the bank of {bank.kit} "
            f"is compiled for {bank.sample_rate} Hz"
        )
    hits = performance.hits
    played = _ARTICULATION_OF_NOTE[hits["note"]]
    sounding = _COLLAPSED[played] if settings.mapping == "stemgmd" else played
    degree = _nearest_degree(bank, sounding, hits["openness"])
    velocity = hits["velocity"].astype(np.intp)
    layer = bank.layer[sounding, degree, velocity]
    if take is None:
        draws = stream(settings.seed, "render", performance.id, bank.kit).random(len(hits))
        variation = _variations(bank, sounding, degree, layer, draws)
    else:
        variation = take % bank.variations[sounding, degree, layer].astype(np.int64)

    strikes = np.zeros(len(hits), STRIKE_DTYPE)
    strikes["hit"] = np.arange(len(hits))
    strikes["frame"] = units.frames_of_array(hits["time_s"], bank.sample_rate)
    strikes["piece"] = _PIECE_OF_ARTICULATION[played]
    strikes["sample"] = bank.first[sounding, degree, layer] + variation
    strikes["gain"] = bank.gain[sounding, degree, velocity] * bank.samples["scale"][strikes["sample"]]
    strikes["release_frames"] = bank.release_frames[sounding]
    strikes["choke_frame"] = _choke_frames(performance, bank, played, strikes["frame"])
    return Plan(
        performance=performance.id,
        kit=bank.kit,
        sample_rate=bank.sample_rate,
        frames=_length(performance, bank, strikes, settings),
        strikes=strikes,
    )


def _nearest_degree(bank: Bank, articulation: NDArray[np.int16], openness: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return for each hit the index of the nearest degree of openness; the lower one of a tie."""
    distance = np.abs(bank.degrees[articulation] - openness[:, None])
    nearest: NDArray[np.intp] = np.argmin(np.where(np.isnan(distance), np.inf, distance), axis=1)
    return nearest


def _variations(
    bank: Bank,
    articulation: NDArray[np.int16],
    degree: NDArray[np.intp],
    layer: NDArray[np.uint8],
    draws: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Draw a variation for each hit so that no sound is played twice in a row.

    Within a cell (articulation, degree, layer; cells that share sounds count as one) the first variation is drawn
    freely. Each further one is the previous plus a drawn step of 1 .. count - 1, modulo count: uniform over all others.
    """
    count = bank.variations[articulation, degree, layer].astype(np.int64)
    cell = bank.samples["start"][bank.first[articulation, degree, layer]]
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    n = count[order]
    u = draws[order]
    step = np.where(is_first, np.floor(u * n), 1 + np.floor(u * (n - 1))).astype(np.int64)
    total = np.cumsum(step)
    starts = np.flatnonzero(is_first)
    lengths = np.diff(np.append(starts, len(order)))
    before = np.repeat(total[starts] - step[starts], lengths)
    chosen = np.empty(len(order), np.int64)
    chosen[order] = (total - before) % n
    return chosen


def _choke_frames(
    performance: Performance, bank: Bank, articulation: NDArray[np.int16], frame: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each hit the frame at which it is choked, or :data:`NOT_CHOKED`.

    A choke group is silenced by a stroke that ``chokes`` (a closed hat or the foot silences the open hat), by the pedal
    reaching :data:`PEDAL_SHUT` or below (hi-hat only), and by a hand on the cymbal (poly aftertouch). A stroke is not
    choked by an event on its own frame.
    """
    choked = np.full(len(frame), NOT_CHOKED, np.int64)
    group = bank.choke_group[articulation]
    pedal_group = bank.choke_group[ARTICULATIONS.index("hihat_pedal")]
    for number in np.unique(group[group >= 0]):
        members = np.flatnonzero(group == number)
        events = [frame[members][bank.chokes[articulation[members]]]]
        if number == pedal_group:
            events.append(_pedal_down_frames(performance, bank.sample_rate))
        events.append(_hand_frames(performance, bank, int(number)))
        event_frames = np.unique(np.concatenate(events))
        after = np.searchsorted(event_frames, frame[members], side="right")
        is_choked = after < len(event_frames)
        choked[members[is_choked]] = event_frames[after[is_choked]]
    return choked


def _pedal_down_frames(performance: Performance, sample_rate: int) -> NDArray[np.int64]:
    """Return the frames at which the pedal goes from open to shut."""
    shut = performance.pedal["openness"] <= PEDAL_SHUT
    arrives = shut.copy()
    arrives[1:] &= ~shut[:-1]
    return units.frames_of_array(performance.pedal["time_s"][arrives], sample_rate)


def _hand_frames(performance: Performance, bank: Bank, group: int) -> NDArray[np.int64]:
    """Return the frames at which a hand silences the given choke group."""
    articulation = _ARTICULATION_OF_NOTE[performance.chokes["note"]]
    touched = (articulation >= 0) & (bank.choke_group[articulation] == group)
    return units.frames_of_array(performance.chokes["time_s"][touched], bank.sample_rate)


def _length(performance: Performance, bank: Bank, strikes: NDArray[np.void], settings: RenderSettings) -> int:
    """Return the common length of the stems: the nominal duration, and with natural tails until the last sound ends."""
    nominal = units.frames_of(performance.duration_s, bank.sample_rate)
    if settings.tail == "cut" or not len(strikes):
        return max(nominal, 1)
    return max(nominal, int(strike_ends(strikes, bank).max()), 1)


def strike_ends(strikes: NDArray[np.void], bank: Bank) -> NDArray[np.int64]:
    """Return for each strike the frame after its last one."""
    rows = bank.samples[strikes["sample"]]
    rung_out = strikes["frame"] - rows["onset"] + rows["frames"]
    released = strikes["choke_frame"] + strikes["release_frames"]
    ends: NDArray[np.int64] = np.where(strikes["choke_frame"] == NOT_CHOKED, rung_out, np.minimum(rung_out, released))
    return ends
