"""Synthesise the one-shots of one articulation from its parameters."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.synthesis.bands import BANDS, CENTRES_HZ, SAMPLE_RATE, Float, Tilt
from stemgmd_tools.kits.synthesis.envelopes import voice_shapes
from stemgmd_tools.kits.synthesis.modes import ModeBank
from stemgmd_tools.kits.synthesis.noise import NoiseSource
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.kits.synthesis.room import Room
from stemgmd_tools.kits.synthesis.takes import levelled, powers, tilts
from stemgmd_tools.numerics.elementary import exp10, log10, turn
from stemgmd_tools.seeds import standard_normal, stream


class Floor(NamedTuple):
    """The level below which a one-shot ends."""

    range_db: float
    """Distance of the floor below the loudest moment of the sound."""
    lowest_db: float
    """Lower limit of the floor, dB re full scale."""
    highest_db: float
    """Upper limit of the floor, dB re full scale."""

    def power(self, loudest: float) -> float:
        """Return the mean power of the floor under a sound of the given loudest power."""
        floor_db = 10.0 * log10(max(loudest, 1e-20)) - self.range_db
        return exp10(min(max(floor_db, self.lowest_db), self.highest_db) / 10.0)


NEAR: Final = Floor(60.0, -92.0, -66.0)
"""Floor for the first :data:`NEAR_S`, low enough for drums and soft strokes to ring out."""
FAR: Final = Floor(46.0, -78.0, -60.0)
"""Floor after that: the end of cymbals' decay would double the size of a bank."""
NEAR_S: Final = 3.0

_GRID_S: Final = 0.01
_FADE_FRAMES: Final = 4410
_FADE_SHARE: Final = 4
_TRIM_BLOCK: Final = 441
_SHORTEST_FRAMES: Final = 1764


class Synthesiser:
    """Synthesises the one-shots of one articulation of one kit, in stereo at 44.1 kHz.

    Every one-shot depends only on the parameters, the kit's name, the articulation, the layer, the degree and the
    variation, not on the order of calls. All arithmetic is in float64.
    """

    def __init__(self, voice: VoiceModel, room: Room | None, kit: str, articulation: str) -> None:
        """Prepare the noise and the modes."""
        self._voice = voice
        self._room = room
        self._names = ("voice", kit, articulation)
        self.velocities: tuple[int, ...] = voice.layers
        """MIDI velocity of each layer, softest first."""
        self.degrees: tuple[float, ...] = voice.openness.degrees if voice.openness else (0.0,)
        """Hi-hat openness of each degree, 0 shut .. 1 open; one degree for anything else."""
        self.variations: int = voice.variations
        """One-shots per layer and degree."""
        self._shapes = voice_shapes(voice)
        self._body = ModeBank.from_parameters(voice.body) if voice.body else None
        self._attack = ModeBank.from_parameters(voice.attack) if voice.attack else None
        self._frames = {
            (layer, degree): self._dry_frames(velocity, degree)
            for layer, velocity in enumerate(self.velocities)
            for degree in range(len(self.degrees))
        }
        self._places = self._draw_places()
        self._last_takes: tuple[int, int, list[Float]] = (-1, -1, [])
        self._noise = NoiseSource(voice.noise, kit, articulation, max(self._frames.values()) / SAMPLE_RATE)

    def _draw_places(self) -> Float:
        """Return (layers, degrees, variations) places in the noise: evenly apart, so that no two strokes are alike."""
        shape = (len(self.velocities), len(self.degrees), self.variations)
        draw = stream(0, *self._names, "places")
        count = int(np.prod(shape))
        return np.asarray((draw.permutation(count).reshape(shape) / count + draw.uniform()) % 1.0)

    def _dry_frames(self, velocity: float, degree: int) -> int:
        """Return after how many frames the sound without its room is expected to stay below the floor."""
        times_s = np.arange(0.0, self._voice.duration_s, _GRID_S)
        power = self._shapes[degree].energy(velocity, times_s)
        for modes in (self._body, self._attack):
            if modes is not None:
                power = power + modes.energy(velocity, times_s)
        audible = np.flatnonzero(power > _floor(float(power.max()), times_s))
        end_s = float(times_s[audible[-1]]) + _GRID_S if len(audible) else 0.0
        return max(_SHORTEST_FRAMES, round(end_s * SAMPLE_RATE))

    def one_shot(self, layer: int, degree: int, variation: int) -> Float:
        """Return the (frames, 2) samples of a one-shot, full scale = 1, its attack at frame 0.

        All variations of a layer are synthesised together, since their levels depend on each other; those of the last
        layer and degree are cached.
        """
        if self._last_takes[:2] != (layer, degree):
            self._last_takes = (layer, degree, self._takes(layer, degree))
        return self._last_takes[2][variation]

    def _takes(self, layer: int, degree: int) -> list[Float]:
        """Return all variations of a layer at one degree; they differ like repeated strokes."""
        velocity, frames, jitter = self.velocities[layer], self._frames[layer, degree], self._voice.jitter
        places = self._places[layer, degree].tolist()
        level, tilt = np.array([standard_normal(self._stream(layer, degree, take), 2) for take in range(len(places))]).T
        sounds = []
        for variation, (place, own) in enumerate(zip(places, tilts(jitter, tilt), strict=True)):
            draw = self._stream(layer, degree, variation)
            sounds.append(_faded(_trimmed(self.stroke(velocity, degree, place, draw, frames=frames, own=own))))
        return levelled(sounds, powers(jitter, level))

    def _stream(self, layer: int, degree: int, variation: int) -> np.random.Generator:
        return stream(0, *self._names, layer, degree, variation)

    def stroke(
        self,
        velocity: float,
        degree: int,
        place: float,
        draw: np.random.Generator,
        *,
        frames: int | None = None,
        own: Tilt | None = None,
    ) -> Float:
        """Return the (frames, 2) samples of a stroke of any velocity, full scale = 1, its attack at frame 0.

        :param place: position in the pool of noise, 0 to 1; strokes at equal positions have equal noise.
        :param draw: random stream of its jitter and its free phases.
        :param frames: length without the room's response; default: until the expected level stays below the floor.
        :param own: deviation of its level and tilt from the voice; default: drawn.
        """
        frames = self._dry_frames(velocity, degree) if frames is None else frames
        jitter = self._voice.jitter
        level_db, tilt = jitter.level_db * standard_normal(draw), jitter.tilt_db_per_octave * standard_normal(draw)
        own = own or Tilt(level_db, tilt)
        band_db = own.at(CENTRES_HZ) + jitter.band_db * standard_normal(draw, BANDS)
        sound = self._noise.strike(self._shapes[degree], velocity, frames, band_db, place, jitter.shared_noise)
        if self._body is not None:
            sound += self._body.strike(velocity, frames, jitter, own, self._voice.glide, draw)
        if self._attack is not None:
            sound += self._attack.strike(velocity, frames, jitter, own, None, draw)
        return sound if self._room is None else self._room.add_to(_faded(sound))


def _floor(loudest: float, times_s: Float) -> Float:
    """Return the power of the floor of a sound with the given loudest power, at each time."""
    return np.where(times_s < NEAR_S, NEAR.power(loudest), FAR.power(loudest))


def _trimmed(sound: Float) -> Float:
    """Return ``sound`` up to the last block above the floor."""
    blocks = len(sound) // _TRIM_BLOCK
    power = (sound[: blocks * _TRIM_BLOCK].reshape(blocks, -1) ** 2).mean(axis=1)
    times_s = np.arange(blocks, dtype=np.float64) * (_TRIM_BLOCK / SAMPLE_RATE)
    audible = np.flatnonzero(power > _floor(float(power.max(initial=0.0)), times_s))
    last = audible[-1] + 1 if len(audible) else 0
    return sound[: max(_SHORTEST_FRAMES, int(last) * _TRIM_BLOCK)]


def _faded(sound: Float) -> Float:
    """Return a copy of ``sound`` whose last tenth of a second, a quarter of it at most, fades to silence."""
    sound = sound.copy()
    length = min(_FADE_FRAMES, len(sound) // _FADE_SHARE)
    sound[-length:] *= (0.5 + 0.5 * turn(np.arange(1, length + 1) / (2 * length))[0])[:, None]
    return sound
