"""Describe every articulation of a kit for the page: cells, loudness, brightness, layers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.velocity_curve import energy
from stemgmd_tools.kits.checks.measures import BODY_S, SILENT_DB, centroid_hz
from stemgmd_tools.kits.sample_map.outline import ArticulationOutline, outline
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.validation import HIGHEST_VELOCITY, LOWEST_VELOCITY
from stemgmd_tools.numerics.elementary import log10
from stemgmd_tools.pieces import NOTE_OF_ARTICULATION
from stemgmd_tools.rendering.kit_page.excerpts import Excerpts

VELOCITIES: Final = (15, 31, 47, 63, 79, 95, 111, 127)
"""The velocities that can be played: the upper ends of eight equal parts."""
_DB_DIGITS: Final = 2


def described_articulations(bank: Bank, kit_map: KitMap, excerpts: Excerpts) -> list[dict[str, Any]]:
    """Return one description for each articulation, and one for up to three degrees of openness of a hi-hat.

    :param excerpts: receives the sounds.
    """
    keys = [
        (index, degree, row) for index, row in enumerate(outline(kit_map)) for degree in _shown_degrees(bank, index)
    ]
    cells = [[_cell(bank, index, degree, velocity, excerpts) for velocity in VELOCITIES] for index, degree, _ in keys]
    return [
        {
            **_heading(bank, index, degree, row),
            "cells": [
                {"sound": sound, "gain": round(excerpts.playing_gain(one_shot, gain), 6), "layer": layer}
                for sound, one_shot, gain, layer in rows
            ],
            **_curves(bank, index, degree),
        }
        for (index, degree, row), rows in zip(keys, cells, strict=True)
    ]


def _shown_degrees(bank: Bank, index: int) -> list[int]:
    """Return the first, the middle and the last degree of openness of an articulation."""
    last = max(0, int(np.count_nonzero(~np.isnan(bank.degrees[index]))) - 1)
    return sorted({0, last // 2, last})


def _cell(bank: Bank, index: int, degree: int, velocity: int, excerpts: Excerpts) -> tuple[int, int, float, int]:
    """Return number of the sound, row of the one-shot, gain and layer of a stroke."""
    layer = int(bank.layer[index, degree, velocity])
    row = int(bank.first[index, degree, layer])
    gain = float(bank.gain[index, degree, velocity])
    return excerpts.add(row, gain), row, gain, layer


def _heading(bank: Bank, index: int, degree: int, row: ArticulationOutline) -> dict[str, Any]:
    """Return what the page says about an articulation."""
    openness = float(bank.degrees[index, degree])
    note = NOTE_OF_ARTICULATION[row.articulation]
    return {
        "articulation": row.articulation,
        "title": note.td11_name,
        "piece": note.piece.axis,
        "openness": None if np.isnan(openness) or len(_shown_degrees(bank, index)) == 1 else round(openness, 2),
        "borrowed": None if row.layers else row.source,
    }


def _curves(bank: Bank, index: int, degree: int) -> dict[str, Any]:
    """Return layers with the measures of their takes, and the level of every velocity from 1 on."""
    layer_of = bank.layer[index, degree]
    velocities = range(LOWEST_VELOCITY, HIGHEST_VELOCITY + 1)
    layers, levels_db = [], []
    for layer in range(int(layer_of[HIGHEST_VELOCITY]) + 1):
        first, count = int(bank.first[index, degree, layer]), int(bank.variations[index, degree, layer])
        powers, centroids = zip(*(_measures(bank, row) for row in range(first, first + count)), strict=True)
        mean_db = _decibels(float(np.mean(powers)))
        levels_db.append(mean_db)
        played = [velocity for velocity in velocities if layer_of[velocity] == layer]
        layers.append(
            {
                "low": min(played, default=0),
                "high": max(played, default=0),
                "takes_db": [round(_decibels(power) - mean_db, _DB_DIGITS) for power in powers],
                "takes_hz": [round(centroid) for centroid in centroids],
            }
        )
    gains_db = 20.0 * log10(np.maximum(bank.gain[index, degree, LOWEST_VELOCITY:].astype(np.float64), 1e-12))
    levels = np.array(levels_db)[layer_of[LOWEST_VELOCITY:]] + gains_db
    return {"layers": layers, "levels_db": [round(level, _DB_DIGITS) for level in levels.tolist()]}


def _measures(bank: Bank, row: int) -> tuple[float, float]:
    """Return mean power after the attack, full scale 1, and spectral centroid in Hz of a one-shot."""
    pcm, onset = bank.one_shot(row), int(bank.samples["onset"][row])
    body = pcm[onset : onset + round(BODY_S * bank.sample_rate)].astype(np.float64)
    power = energy(pcm, onset, float(bank.samples["scale"][row]), bank.sample_rate)
    return power, centroid_hz(body, bank.sample_rate)


def _decibels(power: float) -> float:
    return float(10.0 * log10(power)) if power > 0 else SILENT_DB
