"""Judging voices: by recordings that a voice itself has played, the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools.fitting.evaluation.fit_metrics import Judgement, analysed_layers, judge, play
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Jitter, Noise, Openness, VoiceModel
from stemgmd_tools.kits.synthesis.voice import Synthesiser

VELOCITIES = (40, 110)
LIKE = (0.75, 1.35)
"""Ratio of medians of a few distances between equally distributed sounds."""


def voice(*, fall_db: float = 60.0, level_db: float = -20.0, **parts: object) -> VoiceModel:
    """Return decaying noise of two seconds."""
    level = BandEnvelope(frequencies_hz=(500.0,), times_s=(0.0, 1.0), values=((level_db, level_db - fall_db),))
    slope = BandEnvelope(frequencies_hz=(500.0, 8000.0), times_s=(0.0,), values=((6.0,), (12.0,)))
    noise = Noise(level_db=level, velocity_db_per_octave=slope)
    return VoiceModel(noise=noise, duration_s=2.0, jitter=Jitter(), **parts)  # type: ignore[arg-type]


def recorded(model: VoiceModel, openness: float = float("nan"), degree: int = 0, count: int = 3) -> list[Strokes]:
    """Return strokes that a voice plays, as if they had been recorded."""
    there = model.model_copy(update={"layers": VELOCITIES, "variations": count})
    synthesiser = Synthesiser(there, None, "recording", "toy")
    lead = np.zeros((ONSET_FRAMES, 2))

    def repeat(layer: int, take: int) -> Float:
        return np.concatenate([lead, synthesiser.one_shot(layer, degree, take)])

    return [
        Strokes(velocity, openness, tuple(repeat(layer, take) for take in range(count)), -100.0)
        for layer, velocity in enumerate(VELOCITIES)
    ]


def median(judgement: Judgement, which: str, measure: str = "mel_db") -> float:
    return float(np.median([getattr(one, measure) for one in getattr(judgement, which)]))


def test_a_voice_is_as_near_to_its_own_strokes_as_they_to_each_other() -> None:
    own = voice()
    metrics = judge(own, analysed_layers(recorded(own)), "snare_head", draws=2)
    for measure in ("mel_db", "attack_db", "envelope_db", "fine_db"):
        floor = median(metrics, "repeats", measure)
        assert LIKE[0] < median(metrics, "model", measure) / floor < LIKE[1]
        assert LIKE[0] < median(metrics, "model_repeats", measure) / floor < LIKE[1]
    assert np.allclose(metrics.level_db, 0.0, atol=0.7)
    assert median(metrics, "neighbours") > 1.1 * median(metrics, "repeats")
    assert len(metrics.repeats) == 2 * 3
    assert len(metrics.model) == 2 * 3 * 2
    assert len(metrics.model_repeats) == 2 * 15


def test_another_voice_is_further_away() -> None:
    layers = analysed_layers(recorded(voice()))
    near, far = judge(voice(), layers, "toy"), judge(voice(fall_db=20.0, level_db=-26.0), layers, "toy")
    assert median(far, "model") > 2 * median(near, "model")
    assert median(far, "model", "envelope_db") > 3 * median(near, "model", "envelope_db")
    assert max(far.level_db) < -1.0


def test_single_recordings_have_no_floor() -> None:
    metrics = judge(voice(), analysed_layers(recorded(voice(), count=1)), "toy")
    assert metrics.repeats == ()
    assert len(metrics.model) == 2
    assert metrics.model_repeats


def test_where_a_recording_was_cut_does_not_count_against_the_voice() -> None:
    own = voice(fall_db=30.0)
    whole = recorded(own)
    cut = [
        Strokes(layer.velocity, layer.openness, tuple(repeat[:40_000] for repeat in layer.repeats), -100.0)
        for layer in whole
    ]
    metrics = judge(own, analysed_layers(cut), "toy")
    assert median(metrics, "model", "envelope_db") < 2 * median(metrics, "repeats", "envelope_db")
    assert median(metrics, "model") < LIKE[1] * median(metrics, "repeats")


def test_degrees_are_not_neighbours_and_are_played_as_they_are() -> None:
    hat = voice(openness=Openness(degrees=(0.4, 1.0), stretch=(0.3, 1.0)))
    strokes = [*recorded(hat, 0.4, 0), *recorded(hat, 1.0, 1)]
    metrics = judge(hat, analysed_layers(strokes), "hihat_open_bow")
    assert len(metrics.neighbours) == 2 * 4
    assert median(metrics, "model") < LIKE[1] * median(metrics, "repeats")
    half, full = (play(hat, strokes[row], "hihat_open_bow", 1)[0] for row in (0, 2))
    assert len(half) < 0.6 * len(full)


def test_judging_is_repeatable() -> None:
    layers = analysed_layers(recorded(voice()))
    assert judge(voice(), layers, "toy") == judge(voice(), layers, "toy")
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(*play(voice(), layers[0].strokes, "toy", 2))
