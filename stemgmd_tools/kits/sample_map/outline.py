"""Summarise a sample map without reading audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stemgmd_tools.kits.sample_map.kit import sample_files
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap, Layer
from stemgmd_tools.pieces import ARTICULATIONS


@dataclass(frozen=True, slots=True)
class ArticulationOutline:
    """Summary of one articulation of a map."""

    articulation: str
    source: str
    """``model``, ``files``, or the fallback, e.g. ``hi_tom_head -3 st -2 dB``."""
    layers: int
    """Largest number of velocity layers of a degree; a fallback has 0 layers, variations and one-shots."""
    variations: tuple[int, int]
    """Least and greatest number of one-shots per layer and degree."""
    degrees: tuple[float, ...]
    one_shots: int
    choke_group: str
    chokes: bool


def outline(kit_map: KitMap) -> tuple[ArticulationOutline, ...]:
    """Return the 22 articulations of a map, in table order."""
    return tuple(_outline(name, kit_map.articulations[name]) for name in ARTICULATIONS)


def kind(kit_map: KitMap) -> Literal["modelled", "recorded", "mixed"]:
    """Return the kind of a kit's sources."""
    modelled = any(articulation.model is not None for articulation in kit_map.articulations.values())
    recorded = any(sample_files(kit_map))
    return "mixed" if modelled and recorded else "modelled" if modelled else "recorded"


def _outline(name: str, articulation: Articulation) -> ArticulationOutline:
    source, layers, variations, degrees, one_shots = _counted(articulation)
    return ArticulationOutline(
        articulation=name,
        source=source,
        layers=layers,
        variations=variations,
        degrees=degrees,
        one_shots=one_shots,
        choke_group=articulation.choke_group or "",
        chokes=articulation.chokes,
    )


def _counted(articulation: Articulation) -> tuple[str, int, tuple[int, int], tuple[float, ...], int]:
    model, fallback = articulation.model, articulation.fallback
    if model is not None:
        degrees = model.openness.degrees if model.openness else ()
        count = len(model.layers) * model.variations * max(1, len(degrees))
        return "model", len(model.layers), (model.variations, model.variations), degrees, count
    if fallback is not None:
        parts = [fallback.articulation]
        parts += [f"{fallback.pitch_semitones:+g} st"] if fallback.pitch_semitones else []
        parts += [f"{fallback.gain_db:+g} dB"] if fallback.gain_db else []
        parts += [f"at {fallback.openness:g}"] if fallback.openness is not None else []
        return " ".join(parts), 0, (0, 0), (), 0
    return _counted_layers(articulation.layers or ())


def _counted_layers(layers: Sequence[Layer]) -> tuple[str, int, tuple[int, int], tuple[float, ...], int]:
    degrees = tuple(sorted({layer.openness for layer in layers if layer.openness is not None}))
    most = max(sum(layer.openness == degree for layer in layers) for degree in degrees or (None,))
    variations = [layer.variations for layer in layers]
    return "files", most, (min(variations), max(variations)), degrees, sum(variations)
