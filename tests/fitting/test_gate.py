"""The quality gate of donors lets good voices pass and says why others are left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from toy_fits import VOICES, cymbal, drum, struck
from toy_kits import layers, map_data, write_map, write_sound

from stemgmd_tools.errors import KitError
from stemgmd_tools.fitting.completion.partial import own_instruments, stand_ins
from stemgmd_tools.fitting.evaluation.fit_metrics import analysed_layers, judge
from stemgmd_tools.fitting.evaluation.gate import verdicts
from stemgmd_tools.fitting.recordings.recordings import recorded_strokes
from stemgmd_tools.kits.checks.measures import measure_kit
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.synthesis.parameters import VoiceModel

GATED = ("kick", "hi_tom_head", "low_tom_head", "hihat_closed_bow", "hihat_open_bow")
OWN = {**VOICES, "hihat_open_bow": cymbal(ring_s=2.0)}
Sound = np.ndarray


def hit(voice: VoiceModel) -> Sound:
    """Return a stroke at the velocity of a recording's only layer, as short as it may be."""
    return struck(voice, velocity=127)[:50_000]


def reasons(folder: Path, voices: Mapping[str, VoiceModel], sounds: Mapping[str, Sound]) -> dict[str, str]:
    """Return what the gate says about voices beside recordings, which are strokes of toy voices unless given."""
    for name in GATED:
        write_sound(folder / f"{name}.wav", hit(OWN[name]) if name not in sounds else sounds[name])
    kit = load_kit_file(write_map(folder, map_data({name: layers(f"{name}.wav") for name in GATED})))
    strokes = {name: layer for name, layer in recorded_strokes(kit).items() if name in GATED}
    all_voices = {name: voices.get(name, OWN[name]) for name in GATED}
    judgements = {name: judge(all_voices[name], analysed_layers(layer), name) for name, layer in strokes.items()}
    passed = verdicts(measure_kit(kit), all_voices, judgements, strokes)
    return {verdict.articulation: verdict.reason for verdict in passed if verdict.reason}


def test_voices_that_are_like_their_recordings_pass(tmp_path: Path) -> None:
    assert reasons(tmp_path, {}, {}) == {}


def test_faulty_voices_are_named_and_the_others_pass(tmp_path: Path) -> None:
    wrong = {"kick": drum(120.0), "hi_tom_head": drum(40.0), "hihat_closed_bow": cymbal(ring_s=3.0)}
    left_out = reasons(tmp_path, wrong, {})
    assert left_out.keys() == wrong.keys()
    assert "at most 4.5 dB are allowed" in left_out["hihat_closed_bow"]
    assert "the model rings at 120 Hz, its recordings at 60 Hz" in left_out["kick"]
    assert "rings at 40 Hz; 50 to 300 Hz are plausible" in left_out["hi_tom_head"]


def test_faulty_recordings_are_named_and_the_others_pass(tmp_path: Path) -> None:
    low = drum(170.0)
    sounds = {
        "kick": np.clip(20.0 * hit(OWN["kick"]), -0.5, 0.5),
        "low_tom_head": hit(low),
        "hihat_open_bow": hit(OWN["hihat_open_bow"])[:8000],
    }
    assert reasons(tmp_path, {"low_tom_head": low}, sounds) == {
        "kick": "every recording is clipped",
        "low_tom_head": "at 170 Hz, not below the tom before it",
        "hihat_open_bow": "too short: 0.18 s, at least 0.4 s are needed",
    }
    hats = {"hihat_closed_bow": cymbal(ring_s=0.9), "hihat_open_bow": cymbal(ring_s=1.0)}
    left_out = reasons(tmp_path, hats, {name: hit(hat) for name, hat in hats.items()})
    assert left_out == {"hihat_open_bow": "rings less than 1.5 times as long as the shut hat"}


def test_instruments_that_lack_a_stroke_fall_back_on_others() -> None:
    recorded = {"kick", "snare_cross_stick", "hi_tom_head", "low_tom_head", "hihat_closed_bow", "crash1_edge"}
    assert own_instruments(recorded) == ("kick", "crash1", "hi_tom", "mid_tom", "low_tom", "crash2")
    lenders = stand_ins(recorded)
    assert lenders["snare_head"] == lenders["snare_cross_stick"] == "low_tom_head"
    assert lenders["hihat_closed_bow"] == lenders["ride_bell"] == "crash1_edge"
    assert "mid_tom_head" not in lenders and "crash2_bow" not in lenders
    with pytest.raises(KitError, match="no instrument as a whole"):
        stand_ins({"snare_cross_stick", "hi_tom_head"})
