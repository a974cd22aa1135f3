"""Labelled one-shots: recorded ones from a folder, modelled ones made for the purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.realism.features import SAMPLE_RATE, Float
from benchmarks.realism.test_kits import HALF_OPEN, one_shots
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.bank.one_shots import Treatment, read_one_shot, treated
from stemgmd_tools.kits.sample_map.kit import Content, Kit
from stemgmd_tools.kits.sample_map.schema import Articulation, Fallback, KitMap
from stemgmd_tools.onsets import onset_frame
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION, Piece
from stemgmd_tools.seeds import stream

LEAD_FRAMES: Final = 44
"""Frames kept before the attack."""
LONGEST_S: Final = 3.0
"""Sounds are cut after this time: nothing here listens longer."""


class Stroke(NamedTuple):
    """What to play, how often, and at what openness."""

    articulation: str
    count: int
    openness: float | None = None


SHEET: Final = (
    Stroke("kick", 5),
    Stroke("snare_head", 5),
    Stroke("snare_rimshot", 3),
    Stroke("snare_cross_stick", 3),
    Stroke("hi_tom_head", 5),
    Stroke("mid_tom_head", 5),
    Stroke("low_tom_head", 5),
    Stroke("hihat_closed_bow", 5),
    Stroke("hihat_pedal", 3),
    Stroke("hihat_open_bow", 5, 1.0),
    Stroke("hihat_open_bow", 3, HALF_OPEN),
    Stroke("ride_bow", 5),
    Stroke("ride_bell", 3),
    Stroke("ride_edge", 3),
    Stroke("crash1_edge", 5),
    Stroke("crash2_edge", 3),
)
"""What recorded kits hold, in the numbers they hold it in: 5 velocities of the main stroke, 3 of the others."""


class Sound(NamedTuple):
    """A one-shot whose piece is known."""

    piece: Piece
    samples: Float
    """(frames, 2) at 44.1 kHz, its attack at frame :data:`LEAD_FRAMES`."""


def aligned(samples: Float) -> Float | None:
    """Return a sound from :data:`LEAD_FRAMES` before its attack on, at most :data:`LONGEST_S` long; None if silent."""
    onset = onset_frame(samples, SAMPLE_RATE)
    if onset is None:
        return None
    start = onset - LEAD_FRAMES
    cut = samples[max(0, start) : max(0, start) + round(LONGEST_S * SAMPLE_RATE)]
    return np.concatenate([np.zeros((max(0, -start), 2)), cut])


def recorded_sounds(folder: Path) -> list[Sound]:
    """Return every one-shot of a recorded kit that sounds."""
    sounds = []
    for shot in one_shots(folder):
        samples, rate = read_one_shot(shot.path)
        sound = aligned(treated(samples, rate, SAMPLE_RATE, Treatment()))
        if sound is not None:
            sounds.append(Sound(shot.piece, sound))
    return sounds


def light(
    kit: Kit, velocities: tuple[int, ...], *, only: frozenset[str] | None = None, longest_s: float = LONGEST_S
) -> Kit:
    """Return a kit whose models make few one-shots, so that its bank is there at once.

    :param velocities: one layer each, ascending; one variation each.
    :param only: articulations that are needed; any other falls back to one of them.
    """
    wanted = _with_lenders(kit.map, only) if only else frozenset(ARTICULATIONS)
    stand_in = min(wanted, key=ARTICULATIONS.index)
    change = {"layers": velocities, "variations": 1}
    articulations: dict[str, Articulation] = {}
    for name, articulation in kit.map.articulations.items():
        if name not in wanted:
            fallback = Fallback(articulation=stand_in)
            articulations[name] = articulation.model_copy(update={"model": None, "layers": None, "fallback": fallback})
        elif articulation.model is not None:
            model = articulation.model
            shorter = {**change, "duration_s": min(model.duration_s, longest_s)}
            articulations[name] = articulation.model_copy(update={"model": model.model_copy(update=shorter)})
        else:
            articulations[name] = articulation
    return replace(kit, source=Content(kit.map.model_copy(update={"articulations": articulations}), ""))


def _with_lenders(kit_map: KitMap, names: frozenset[str]) -> frozenset[str]:
    """Return the articulations and all that they borrow from."""
    names_with_fallbacks = list(names)
    for name in names_with_fallbacks:
        fallback = kit_map.articulations[name].fallback
        if fallback is not None and fallback.articulation not in names_with_fallbacks:
            names_with_fallbacks.append(fallback.articulation)
    return frozenset(names_with_fallbacks)


def played_sounds(kit: Kit, seed: int, share: float = 1.0) -> list[Sound]:
    """Return one-shots of a modelled kit as :data:`SHEET` asks for them, at velocities spread by chance.

    :param share: of the sheet's counts, at least one of each.
    """
    most = max(1, round(max(stroke.count for stroke in SHEET) * share))
    draw = stream(seed, "realism", "sheet", kit.name)
    velocities = np.floor(127.0 * (np.arange(most) + draw.uniform(0.25, 1.0)) / most).astype(int)
    bank = compile_bank(light(kit, tuple(velocities.tolist()), only=frozenset(stroke.articulation for stroke in SHEET)))
    sounds = []
    for stroke in SHEET:
        count = max(1, round(stroke.count * share))
        layers = np.sort(draw.permutation(most)[:count])
        for layer in layers.tolist():
            sound = aligned(_one_shot(bank, stroke, layer))
            if sound is not None:
                sounds.append(Sound(NOTE_OF_ARTICULATION[stroke.articulation].piece, sound))
    return sounds


def _one_shot(bank: Bank, stroke: Stroke, layer: int) -> Float:
    """Return a layer's first variation at the degree nearest to the one wanted, full scale 1."""
    articulation = ARTICULATIONS.index(stroke.articulation)
    degrees = np.nan_to_num(bank.degrees[articulation], nan=np.inf)
    degree = 0 if stroke.openness is None else int(np.argmin(np.abs(degrees - stroke.openness)))
    row = int(bank.first[articulation, degree, layer])
    return bank.one_shot(row) * float(bank.samples["scale"][row])
