"""Time stretching by splices: waveform-similarity overlap-add with restarts at onsets.

At every anchor (an onset) the sound restarts from the anchor's own sample, so attacks stay whole and on time. Between
anchors the sound is played unchanged; where it is too far ahead of or behind the target time, it jumps to the most
similar position nearby: waveform-similarity overlap-add (Verhelst and Roelands, ICASSP 1993) whose grains restart
at transients (Bonada 2000; Laroche and Dolson's remarks on vertical phase do not arise, since no phase is synthesised).
All stretches between anchors, of all lines, are searched at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stemgmd_tools.augment.audio.signal.gains import cosine_fade
from stemgmd_tools.augment.audio.signal.portable import total
from stemgmd_tools.numerics import elementary

LEAD_S = 0.002
"""The sound before an onset's frame that belongs to its attack; the join to the attack lies in it."""
ATTACK_S = 0.010
"""A jump back does not land in an attack, which would strike twice."""
STEP_S = 0.015
"""Maximum drift of the sound between two positions where it may jump."""
LONGEST_GRAIN_S = 0.25
SEARCH_S = 0.026
"""Width of the search for one jump: a period of 38 Hz."""
FADE_S = 0.0116
COARSE_HZ = 2756
"""Sampling rate of the coarse search."""
EARLIEST_AHEAD_S = 0.012
"""Maximum lead of the sound before the last jump of a stretch."""
SEARCHED_AT_ONCE = 1 << 12
"""Jumps that are searched at a time."""
FADED_AT_ONCE = 1 << 21
"""Samples of cross-fades that are computed at a time."""
SILENCE = 1e-30
INAUDIBLE = 1e-6
"""Amplitude below which no similar position is searched for."""


class Anchors(NamedTuple):
    """Anchors of a line: sample ``source[i]`` is played at sample ``target[i]``; the last pair is the end."""

    target: np.ndarray
    """int64, rising."""
    source: np.ndarray
    """float64, rising."""
    longer: float = 1.0
    """Factor on the periods of the sound, which has been resampled: deeper sound needs a wider search."""


class Scale(NamedTuple):
    """The figures above in samples."""

    lead: int
    attack: int
    step: int
    longest: int
    search: int
    fade: int
    coarse: int
    ahead: int

    @classmethod
    def at(cls, sample_rate: int) -> Scale:
        """Return the figures for a sample rate."""
        coarse = max(1, round(sample_rate / COARSE_HZ))
        fade = 1 << max(3, round(elementary.log2(FADE_S * sample_rate)))

        def frames(time_s: float) -> int:
            return max(1, round(time_s * sample_rate))

        return cls(
            lead=frames(LEAD_S),
            attack=frames(ATTACK_S),
            step=frames(STEP_S),
            longest=frames(LONGEST_GRAIN_S),
            search=frames(SEARCH_S),
            fade=fade,
            coarse=coarse,
            ahead=frames(EARLIEST_AHEAD_S),
        )

    @property
    def spare(self) -> int:
        """Silent samples that have to follow every sound."""
        return 4 * self.fade + self.search


class Splices(NamedTuple):
    """Every place where a line may jump, one row each, ordered by line and time; positions are samples."""

    line: np.ndarray
    target: np.ndarray
    """First sample of the fade in the result."""
    latest: np.ndarray
    """The latest source sample that may sound there."""
    earliest: np.ndarray
    order: np.ndarray
    """0: an anchor, which sounds ``latest`` exactly; then 1, 2, ... within the stretch that it begins."""
    fade: np.ndarray
    """Length of the fade from what sounded before."""


def plan_splices(anchors: Sequence[Anchors], scale: Scale) -> Splices:
    """Plan where the lines may jump and within which bounds, without looking at the sound."""
    rows: list[tuple[int, ...]] = []
    for line, (target, source, longer) in enumerate(anchors):
        line_scale = scale._replace(search=round(scale.search * max(1.0, longer)))
        edges = target - line_scale.lead
        edges[0], edges[-1] = target[0], target[-1]
        for index, (begin, end) in enumerate(pairwise(edges.tolist())):
            speed = (source[index + 1] - source[index]) / (target[index + 1] - target[index])
            rows += (
                (line, *row) for row in _stretch((begin, end), (int(target[index]), source[index]), speed, line_scale)
            )
    columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
    return Splices(*columns)


def _stretch(
    span: tuple[int, int], anchor: tuple[int, float], speed: float, scale: Scale
) -> list[tuple[int, int, int, int, int]]:
    """Return the rows of the stretch between two anchors (without the line).

    :param span: first sample and end, in the result.
    :param anchor: target and source of the first anchor; a later stretch begins ``scale.lead`` before it.
    """
    begin, end = span
    lead = anchor[0] - begin
    origin = round(anchor[1]) - lead
    length = end - begin
    if length <= 0:
        return []
    rows = [(begin, origin, origin, 0, lead)]
    count = _grains(length, speed, scale)
    grain = length / count
    for order in range(1, count):
        at = begin + round(order * grain)
        stop = begin + round((order + 1) * grain)
        ahead = 0 if order == count - 1 else scale.ahead
        latest = int(origin + (stop - begin) * speed + ahead) - (stop - at)
        earliest = max(latest - scale.search, origin + lead + scale.attack, 0)
        rows.append(
            (at, max(latest, 0), min(earliest, max(latest, 0)), order, min(scale.fade, max(1, round(grain / 2))))
        )
    return rows


def _grains(length: int, speed: float, scale: Scale) -> int:
    """Return how many grains a stretch is divided into."""
    drift = abs(1 - speed) * length
    if speed > 1 and drift < scale.step:  # a little too much sound: its end is left out
        return 1
    count = int(np.ceil(drift / scale.step)) + 1 if drift >= 1 else 1
    shortest = max(scale.fade // 2, 1)
    return max(1, min(max(count, int(length // scale.longest)), length // shortest)) if count > 1 else 1


def positions(mono: Tensor, splices: Splices, scale: Scale) -> tuple[Tensor, Tensor]:
    """Choose where each splice jumps to.

    :param mono: (line, frame): the sounds, with ``scale.spare`` silent samples after each.
    :return: for each splice the source sample that sounds at its target (int64), and how alike its sides are, -1..1.
    """
    device = mono.device
    coarse = total(_steps(mono, scale.coarse)) / scale.coarse
    line, target, latest, earliest = (torch.from_numpy(column).to(device) for column in splices[:4])
    chosen, alike = latest.clone(), mono.new_zeros(len(latest))
    widest = int((splices.latest - splices.earliest).max(initial=0))
    searched = (splices.order > 0) & _sounding(coarse, splices, scale)
    for order in range(1, int(splices.order[searched].max(initial=0)) + 1):
        rows = np.flatnonzero(searched & (splices.order == order))
        for first in range(0, len(rows), SEARCHED_AT_ONCE):
            jumps = torch.from_numpy(rows[first : first + SEARCHED_AT_ONCE]).to(device)
            before = jumps - 1
            playing = chosen[before] + target[jumps] - target[before]
            bounds = earliest[jumps], latest[jumps]
            chosen[jumps], alike[jumps] = _best(
                mono, coarse, line[jumps], playing, bounds, scale._replace(search=widest)
            )
    return chosen, _likeness_at_anchors(mono, splices, chosen, alike, scale)


def _steps(mono: Tensor, step: int) -> Tensor:
    """Return sounds (line, frame) as steps of so many samples (line, step, sample), silence after the last."""
    missing = -mono.shape[1] % step
    return (torch.nn.functional.pad(mono, (0, missing)) if missing else mono).view(len(mono), -1, step)


def _sounding(coarse: Tensor, splices: Splices, scale: Scale) -> NDArray[np.bool_]:
    """Return for each splice whether the sound around it is audible; most of a stem is silence."""
    loud = np.pad((coarse.abs() > INAUDIBLE).cpu().numpy().cumsum(1, dtype=np.int32), ((0, 0), (1, 0)))
    lengths = np.diff(splices.target, append=splices.target[-1:]).clip(0)
    first = (splices.earliest - scale.search) // scale.coarse
    last = (splices.latest + lengths + scale.search + 2 * scale.fade) // scale.coarse + 1
    first, last = first.clip(0, loud.shape[1] - 1), last.clip(0, loud.shape[1] - 1)
    audible: NDArray[np.bool_] = loud[splices.line, last] > loud[splices.line, first]
    return audible


def _best(
    mono: Tensor, coarse: Tensor, line: Tensor, playing: Tensor, bounds: tuple[Tensor, Tensor], scale: Scale
) -> tuple[Tensor, Tensor]:
    """Return the position within ``bounds`` that is most similar to ``playing``, first coarsely, then to the sample."""
    earliest, latest = bounds
    steps = -(-scale.search // scale.coarse) + 1
    lags = torch.arange(steps, device=mono.device) * scale.coarse
    places = torch.maximum(latest[:, None] - lags, earliest[:, None])
    window = max(4, scale.fade // scale.coarse)
    scores = _scores(coarse, line, playing // scale.coarse, places // scale.coarse, window)
    place = places.gather(1, scores.argmax(1, keepdim=True))
    reach = torch.arange(-scale.coarse, scale.coarse + 1, device=mono.device)
    fine = torch.cat([place + reach, playing[:, None]], 1)
    fine = torch.minimum(torch.maximum(fine, earliest[:, None]), latest[:, None])
    scores = _scores(mono, line, playing, fine, scale.fade // 4)
    best = scores.argmax(1, keepdim=True)
    return fine.gather(1, best)[:, 0], scores.gather(1, best)[:, 0]


def _scores(sound: Tensor, line: Tensor, playing: Tensor, places: Tensor, window: int) -> Tensor:
    """Return the normalised correlation of ``window`` samples at ``playing`` (K,) with those at ``places`` (K, L)."""
    windows = sound.reshape(-1).unfold(0, window, 1)
    base, last = line[:, None] * sound.shape[1], windows.shape[0] - 1
    template = windows[(base + playing[:, None]).clamp_(0, last)]
    candidates = windows[(base + places).clamp_(0, last)]
    dot = total(candidates * template)
    energy = total(candidates.square_()) * total(template.square())
    return dot / (energy + SILENCE).sqrt()


def _likeness_at_anchors(mono: Tensor, splices: Splices, chosen: Tensor, alike: Tensor, scale: Scale) -> Tensor:
    """Fill in the similarity of the two sides at anchors."""
    jumps = np.flatnonzero((splices.order == 0) & (splices.fade > 0))
    if not len(jumps):
        return alike
    index = torch.from_numpy(jumps).to(mono.device)
    target = torch.from_numpy(splices.target).to(mono.device)
    line = torch.from_numpy(splices.line).to(mono.device)[index]
    playing = chosen[index - 1] + target[index] - target[index - 1]
    window = 1 << (scale.lead.bit_length() - 1)
    alike[index] = _scores(mono, line, playing, chosen[index][:, None], window)[:, 0]
    return alike


def join(sound: Tensor, splices: Splices, chosen: np.ndarray, alike: Tensor, out: Tensor) -> None:
    """Join one line from its grains.

    :param sound: (channel, frame), with silent samples after its end.
    :param splices: the rows of this line.
    :param chosen: source sample of each row.
    :param out: (channel, frame), written.
    """
    frames = out.shape[1]
    ends = np.append(splices.target[1:], frames)
    lengths = ends - splices.target
    grains = [sound[:, a : a + n] for a, n in zip(chosen.tolist(), lengths.tolist(), strict=True)]
    torch.cat(grains, 1, out=out)
    playing = chosen[:-1] + lengths[:-1]
    later = np.arange(len(chosen)) > 0
    for fade in sorted(set(splices.fade[1:].tolist()) - {0}):
        rows = np.flatnonzero((splices.fade == fade) & later & (splices.target + fade <= frames))
        rows = rows[chosen[rows] != playing[rows - 1]]
        at_once = max(1, FADED_AT_ONCE // fade)
        for part in (rows[first : first + at_once] for first in range(0, len(rows), at_once)):
            places = splices.target[part], playing[part - 1], chosen[part]
            _fade(out, sound, places, fade, alike[torch.from_numpy(part).to(out.device)])


def _fade(out: Tensor, sound: Tensor, at: tuple[np.ndarray, np.ndarray, np.ndarray], fade: int, alike: Tensor) -> None:
    """Write constant-power cross-fades, given the similarity of the two sides."""
    target, old, new = (torch.from_numpy(frames).to(out.device)[:, None] for frames in at)
    within = torch.arange(fade, device=out.device)
    rising = cosine_fade(fade).to(out.device)
    falling = 1 - rising
    power = rising.square() + falling.square() + 2 * (rising * falling) * alike.clamp(0, 1)[:, None]
    scale = 1 / power.sqrt()
    out[:, target + within] = sound[:, old + within] * (falling * scale) + sound[:, new + within] * (rising * scale)
