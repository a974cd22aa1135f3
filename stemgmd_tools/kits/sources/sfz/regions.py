"""Report strokes as the regions of a drum library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.kits.sources.base import Region, SoundFile
from stemgmd_tools.kits.sources.sfz.definition.instrument import Instrument
from stemgmd_tools.kits.sources.sfz.definition.limits import SOUNDS
from stemgmd_tools.kits.sources.sfz.definition.opcodes import Problems
from stemgmd_tools.kits.sources.sfz.layers import Layer
from stemgmd_tools.kits.sources.sfz.microphones import Microphones
from stemgmd_tools.kits.sources.sfz.openness import HatController, openness, words_of
from stemgmd_tools.kits.sources.sfz.strokes import Stroke

_LONGEST_NAME: Final = 100


def regions(
    strokes: Sequence[Stroke],
    microphones: Microphones,
    hat: HatController | None,
    instrument: Instrument,
    problems: Problems,
) -> tuple[Region, ...]:
    """Return one region for each stroke that sounds.

    :raises KitError: if they are too many.
    """
    silenced = {layer.off_by for stroke in strokes for layer in stroke.layers if layer.off_by}
    result = []
    sounds = 0
    for stroke in strokes:
        named = microphones.of(stroke)
        sounds += len(named)
        if sounds > SOUNDS:
            raise KitError(f"{stroke.layers[0].written.place}: more than {SOUNDS} sounds, which no drum library needs")
        if named:
            result.append(_region(stroke, named, hat, silenced, instrument, microphones))
        else:
            keys = ", ".join(map(str, stroke.keys)) or "without a key"
            problems.add(f"stops others but is silent itself, left out: key {keys}", stroke.layers[0].written.place)
    return tuple(result)


def _region(
    stroke: Stroke,
    named: Sequence[tuple[str, Layer, float]],
    hat: HatController | None,
    silenced: set[int],
    instrument: Instrument,
    microphones: Microphones,
) -> Region:
    first = named[0][1]
    low, high = stroke.velocity
    offs = [layer for _, layer, _ in named if layer.off_by]
    span = stroke.open_span
    return Region(
        sounds={name: _sound(layer, pitch, first, high) for name, layer, pitch in named},
        place=first.written.place,
        keys=stroke.keys,
        names=_names(stroke, [layer for _, layer, _ in named], instrument, microphones),
        velocity=(low, high),
        round_robin=stroke.round_robin,
        dynamics_db=round(first.gain.range_db(), 4),
        velocity_gain_db=(round(first.gain.db(low), 4), round(first.gain.db(high), 4)),
        openness=None if span is None or hat is None else round(openness(span, hat, words_of(first.written)), 4),
        choke_group=str(offs[0].off_by) if offs else None,
        chokes=tuple(str(group) for group in sorted({layer.group for layer in stroke.layers} & silenced)),
        release_s=offs[0].release_s if offs else None,
    )


def _sound(layer: Layer, pitch: float, first: Layer, velocity: int) -> SoundFile:
    """Return a layer's sound; where its dynamics differ from the first layer's, right at the top of the range."""
    if layer.sound is None:
        raise ValueError("a silent layer has no sound")
    difference = layer.gain.db(velocity) - first.gain.db(velocity)
    return replace(layer.sound, pitch_semitones=pitch, gain_db=round(layer.sound.gain_db + difference, 4))


def _names(
    stroke: Stroke, layers: Sequence[Layer], instrument: Instrument, microphones: Microphones
) -> tuple[str, ...]:
    """Return what the library calls a stroke: labels, the name of its key, the files, folders and included files."""
    names: list[str] = []
    for layer in layers:
        opcodes = layer.written.opcodes
        labels = [opcodes.get(f"{level}_label", "") for level in ("master", "group")]
        path = opcodes["sample"].replace("\\", "/").split("/")
        names += (
            " ".join(filter(None, labels)),
            *(instrument.key_names.get(key, "") for key in stroke.keys),
            opcodes.get("region_label", ""),
            path[-1].rpartition(".")[0] or path[-1],
            "/".join(part for part in path[:-1] if part not in {".", ".."} and not microphones.is_one(part)),
            "" if len(layers) > 1 else layer.written.file.rpartition("/")[2].rpartition(".")[0],
        )
    return tuple(dict.fromkeys(shown(name)[:_LONGEST_NAME] for name in names if name))
