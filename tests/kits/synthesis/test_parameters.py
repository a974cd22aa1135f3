"""What a voice's tables may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stemgmd_tools.kits.synthesis.parameters import VoiceModel

TABLE = {"frequencies_hz": [100, 1000], "times_s": [0, 0.1], "values": [[-20, -40], [-30, -60]]}
SLOPE = {"frequencies_hz": [1000], "times_s": [0], "values": [[9]]}
MODES = {"frequency_hz": [100, 200], "t60_s": [1, 1], "level_db": [-10, -20], "velocity_db_per_octave": [9]}


def voice(**changes: Any) -> dict[str, Any]:
    return {"noise": {"level_db": TABLE, "velocity_db_per_octave": SLOPE}, "body": MODES, **changes}


def test_a_voice_has_eight_layers_and_three_variations_unless_it_says_otherwise() -> None:
    model = VoiceModel.model_validate(voice())
    assert len(model.layers) == 8
    assert model.variations == 3
    assert list(model.layers) == sorted(model.layers)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"noise": {"level_db": {**TABLE, "times_s": [0.1, 0]}, "velocity_db_per_octave": SLOPE}}, "times_s must asc"),
        ({"noise": {"level_db": {**TABLE, "values": [[-20, -40]]}, "velocity_db_per_octave": SLOPE}}, "2 rows of 2"),
        ({"body": {**MODES, "t60_s": [1]}}, "one length; found frequency_hz 2, t60_s 1"),
        ({"body": {**MODES, "velocity_db_per_octave": [1, 2, 3]}}, "one number, or one per mode"),
        ({"body": {**MODES, "frequency_hz": [100, 30000]}}, "less than or equal to 22050"),
        ({"body": {**MODES, "tune": 1}}, "Extra inputs"),
        ({"layers": [20, 10]}, "layers must ascend"),
        ({"layers": [0, 10]}, "greater than or equal to 1"),
        ({"body": None, "glide": {"depth": [0.1], "time_s": [0.1]}}, "body, which is missing"),
        ({"glide": {"depth": [0.1, 0.2], "time_s": [0.1]}}, "columns of glide"),
        ({"openness": {"degrees": [0.5, 1.0], "stretch": [1.0]}}, "columns of openness"),
        ({"openness": {"degrees": [1.0], "stretch": [1.0], "level_db": [[1, 2]]}}, "1 rows of 1"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        VoiceModel.model_validate(voice(**changes))


@pytest.mark.parametrize(
    "colour", [{}, {"name": "ride", "gain_db": [1], "frequencies_hz": [100]}, {"frequencies_hz": [1]}]
)
def test_a_colour_is_drawn_or_given(colour: dict[str, Any]) -> None:
    noise = {"level_db": TABLE, "velocity_db_per_octave": SLOPE, "colour": colour}
    with pytest.raises(ValidationError, match="either name"):
        VoiceModel.model_validate(voice(noise=noise))
