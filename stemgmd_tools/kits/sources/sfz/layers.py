"""What one region plays and when: a layer of a stroke, with all opcodes and controllers worked out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from stemgmd_tools.kits.sources.base import SoundFile
from stemgmd_tools.kits.sources.sfz.controllers import Controllers, Modulation
from stemgmd_tools.kits.sources.sfz.definition.files import LibraryFiles, OutsideError
from stemgmd_tools.kits.sources.sfz.definition.instrument import Written, keys_of
from stemgmd_tools.kits.sources.sfz.definition.opcodes import LEVEL_PREFIXES, Problems, note, number
from stemgmd_tools.kits.sources.sfz.dynamics import VelocityGain
from stemgmd_tools.kits.sources.sfz.envelope import region_envelope
from stemgmd_tools.kits.sources.sfz.filters import region_filters
from stemgmd_tools.numerics.elementary import log10

FADE_S: Final = 0.006
"""Fade of a region that another turns off, for ``off_mode=fast`` and by default."""
RELEASE_S: Final = 0.03
"""ARIA's ``ampeg_release`` where none is given; the specification's 0.001 s clicks."""
_LOWEST_DB: Final = -144.6
_HIGHEST_DB: Final = 144.0
_SHORT_DELAY_S: Final = 0.0005
MIDDLE_C: Final = 60
"""Key at which a sample sounds as recorded unless ``key`` or ``pitch_keycenter`` says otherwise."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A region that sounds, or is silent and only turns others off."""

    written: Written
    keys: tuple[int, ...]
    """MIDI notes; empty if it has none."""
    pitches: tuple[float, ...]
    """Semitones, one for each key; one for a region without keys."""
    velocity: tuple[int, int]
    position: int
    length: int
    """Place in the sequence of takes, 1..length, and how long it is."""
    chance: tuple[float, float]
    """Part of the random numbers 0..1 that play it."""
    sound: SoundFile | None
    """None: silent."""
    gain: VelocityGain
    levels: tuple[int, ...]
    """Controllers that set its level or switch it on, for naming its microphone."""
    group: int
    off_by: int
    release_s: float


class LayerReader:
    """Works out regions of one instrument."""

    def __init__(self, files: LibraryFiles, controllers: Controllers, problems: Problems) -> None:
        """Take what all regions have in common."""
        self._files = files
        self._controllers = controllers
        self._problems = problems

    def layer(self, written: Written, switches: tuple[int, ...]) -> Layer | None:
        """Return a region's layer; None, with a notice, if it never sounds.

        :param switches: controllers whose ranges it asks for.
        """
        opcodes = written.opcodes
        modulation = self._controllers.modulation(written)
        velocity = self._velocity(written)
        envelope = region_envelope(partial(self._number, written), modulation.added, velocity[1])
        silent = envelope.is_empty or self._is_silent(written, modulation)
        sound = None if silent else self._sound(written, modulation)
        if not silent and sound is None:
            return None
        if sound is not None:
            filters = region_filters(opcodes, partial(self._number, written), modulation.added, velocity[1])
            if filters.problem:
                self._problems.add(filters.problem, written.place)
            sound = replace(sound, lowpass=filters.lowpass, highpass=filters.highpass, envelope=envelope.of_map)
        keys, pitches = self._keys(written, modulation)
        position, length = (int(self._number(written, f"seq_{name}", 1, 1, 1_000)) for name in ("position", "length"))
        chance = (self._number(written, "lorand", 0, 0, 1), self._number(written, "hirand", 1, 0, 1))
        played = ("lokey" not in opcodes and "hikey" not in opcodes) or keys or opcodes.get("lokey") == "-1"
        if not played or velocity[0] > velocity[1] or position > length or chance[0] >= chance[1]:
            self._problems.add("region that no note, velocity or take plays was left out", written.place)
            return None
        group, off_by = self._groups(written)
        return Layer(
            written=written,
            keys=keys,
            pitches=pitches,
            velocity=velocity,
            position=position,
            length=length,
            chance=chance,
            sound=sound,
            gain=VelocityGain(written, modulation.added.get("amp_veltrack", 0.0), self._problems),
            levels=(*modulation.levels, *switches),
            group=group,
            off_by=off_by,
            release_s=self._release(written, modulation),
        )

    def _number(self, written: Written, name: str, default: float, low: float, high: float) -> float:
        text = written.opcodes.get(name)
        value = None if text is None else number(text, name, written.place, self._problems, low=low, high=high)
        return default if value is None else value

    def _is_silent(self, written: Written, modulation: Modulation) -> bool:
        """Return whether a region is there to turn others off only."""
        if written.opcodes["sample"].strip().lower() == "*silence":
            return True
        end = self._number(written, "end", math.inf, -1, 1e9)
        return end < 0 or end < self._start(written, modulation)

    def _start(self, written: Written, modulation: Modulation) -> int:
        added = modulation.added.get("offset", 0.0)
        return max(round(min(self._number(written, "offset", 0, 0, 1e9) + added, 1e9)), 0)

    def _sound(self, written: Written, modulation: Modulation) -> SoundFile | None:
        """Return the sound of a region without its pitch; None if there is none."""
        sample = written.opcodes["sample"].strip()
        gain_db = self._gain_db(written, modulation)
        if sample.startswith("*"):
            self._problems.add(f"generator {sample[:20]} has no recording and was left out", written.place)
            return None
        if gain_db is None:
            by = ", ".join(self._controllers.shown(index) for index in sorted(set(modulation.silencers)))
            self._problems.add(f"silent at the library's own settings, left out: {by or 'amplitude 0'}", written.place)
            return None
        try:
            path = self._files.find(written.default_path + sample, audio=True)
        except OutsideError:
            self._problems.add(f"sample {sample[:60]!r} is outside the library's folder; left out", written.place)
            return None
        delay = self._number(written, "delay", 0, 0, 100) + modulation.added.get("delay", 0.0)
        if delay > _SHORT_DELAY_S:
            self._problems.add("delays (delay above 0.5 ms) are not applied", written.place)
        if written.opcodes.get("loop_mode", written.opcodes.get("loopmode", "")).startswith("loop"):
            self._problems.add("loops are not applied: the recording plays once", written.place)
        end = self._number(written, "end", math.inf, -1, 1e9)
        return SoundFile(
            path=path,
            channels=self._channels(written, modulation),
            start_frame=self._start(written, modulation),
            end_frame=None if math.isinf(end) else int(end) + 1,
            gain_db=gain_db,
            pan=self._pan(written, modulation),
        )

    def _gain_db(self, written: Written, modulation: Modulation) -> float | None:
        """Return the level of a region; None if it is silent."""
        amplitude = modulation.amplitude
        gain_db = modulation.added.get("volume", 0.0)
        for prefix in LEVEL_PREFIXES:
            amplitude *= self._number(written, f"{prefix}amplitude", 100.0, -1e4, 1e4) / 100.0
            gain_db += self._number(written, f"{prefix}volume", 0.0, _LOWEST_DB, _HIGHEST_DB)
        if amplitude < 0.0:
            self._problems.add("negative amplitudes are not inverted", written.place)
        if amplitude == 0.0 or modulation.silencers:
            return None
        gain_db += 20.0 * log10(abs(amplitude))
        return min(gain_db, _HIGHEST_DB) if gain_db > _LOWEST_DB else None

    def _pan(self, written: Written, modulation: Modulation) -> float:
        total = sum(
            self._number(written, name, 0.0, -200, 200) + modulation.added.get(name, 0.0)
            for name in ("pan", "position")
        )
        return min(max(round(total / 100.0, 6), -1.0), 1.0)

    def _channels(self, written: Written, modulation: Modulation) -> tuple[int, ...]:
        """Return the channels: exchanged for a width of -100 %; widths between are told, for they are not applied."""
        width = self._number(written, "width", 100.0, -200, 200) + modulation.added.get("width", 0.0)
        if abs(abs(width) - 100.0) > 1.0:
            self._problems.add("stereo widths other than 100 and -100 % are not applied", written.place)
        return (2, 1) if width <= -99.0 else ()

    def _keys(self, written: Written, modulation: Modulation) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Return the keys of a region and the shift of pitch at each."""
        opcodes = written.opcodes
        cents = modulation.added.get("tune", 0.0) + self._number(written, "pitch", 0.0, -12_700, 12_700)
        cents += sum(self._number(written, f"{prefix}tune", 0.0, -12_700, 12_700) for prefix in LEVEL_PREFIXES)
        fixed = self._number(written, "transpose", 0.0, -127, 127) + cents / 100.0
        keys = keys_of(written, self._problems)
        if keys is None:
            self._problems.add(
                "regions on every key are taken as drums without a key, at their own pitch", written.place
            )
            return (), (round(fixed, 6),)
        track = self._number(written, "pitch_keytrack", 100.0, -1_200, 1_200) / 100.0
        center = self._center(opcodes, written)
        played = [key for key in keys if 0 <= key + written.note_offset <= 127]
        pitches = (fixed + (0.0 if center is None else (key - center) * track) for key in played)
        return tuple(key + written.note_offset for key in played), tuple(round(pitch, 6) for pitch in pitches)

    def _center(self, opcodes: dict[str, str], written: Written) -> int | None:
        """Return the key at which a sample plays as recorded; None if every key does."""
        text = opcodes.get("pitch_keycenter", opcodes.get("key", str(MIDDLE_C)))
        if text.strip().lower() == "sample":
            return None
        return note(text, "pitch_keycenter", written.place, self._problems)

    def _velocity(self, written: Written) -> tuple[int, int]:
        """Return the velocities of a region; crossfades between layers are cut in their middle."""
        low = self._number(written, "lovel", 1, 0, 127)
        high = self._number(written, "hivel", 127, 0, 127)
        for side in ("xfin", "xfout"):
            names = [f"{side}_{end}vel" for end in ("lo", "hi")]
            if not any(name in written.opcodes for name in names):
                continue
            self._problems.add("crossfades between velocity layers are cut in their middle", written.place)
            start, end = (self._number(written, name, 0 if side == "xfin" else 127, 0, 127) for name in names)
            middle = math.floor((start + max(start, end)) / 2.0)
            if side == "xfin" and start > 1:
                low = max(low, middle + 1)
            elif side == "xfout" and end > start:
                high = min(high, middle)
        return max(int(low), 1), int(high)

    def _groups(self, written: Written) -> tuple[int, int]:
        """Return the group of a region and the group that turns it off; 0 for none."""
        opcodes = written.opcodes
        names = (
            "polyphony_group" if "polyphony_group" in opcodes else "group",
            "off_by" if "off_by" in opcodes else "offby",
        )
        group, off_by = (int(self._number(written, name, 0, -1, 1e9)) for name in names)
        if off_by <= 0 and group > 0 and opcodes.get("polyphony", "").strip() == "1":
            off_by = group
        return max(group, 0), max(off_by, 0)

    def _release(self, written: Written, modulation: Modulation) -> float:
        mode = written.opcodes.get("off_mode", "time")
        if mode == "normal":
            added = modulation.added.get("ampeg_release", 0.0)
            return max(self._number(written, "ampeg_release", RELEASE_S, 0, 100) + added, 0.0)
        return FADE_S if mode == "fast" else self._number(written, "off_time", FADE_S, 0, 100)
