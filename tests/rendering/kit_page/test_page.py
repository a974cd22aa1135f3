"""What the page of a kit holds."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from tone_kits import PLAYED, tone_kits
from toy_kits import layers, map_data, tone, write_map, write_sound

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.source import starter_set
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_NUMBER, PIECES
from stemgmd_tools.rendering.kit_page.groove import PERFORMANCES, TAIL_S, joined
from stemgmd_tools.rendering.kit_page.page import kit_page, write_kit_page
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan

LARGEST_BYTES = 15e6
ONE_STEP = 1.01 / 2**15
"""A stored sound is rounded to 16 bits."""
SHORT_FADE_S = 0.05
LONG_FADE_S = 0.5


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return load_kit(tone_kits(tmp_path_factory.mktemp("kit"), {"tin": 331.0})[0])


@pytest.fixture(scope="module")
def data(kit: Kit) -> dict[str, Any]:
    return content(kit_page(kit))


def content(page: bytes) -> dict[str, Any]:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.decode(), re.DOTALL)
    assert match is not None
    return json.loads(match[1])


def decoded(flac: str) -> np.ndarray:
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(flac)), dtype="int16", always_2d=True)
    assert rate == 44_100
    return sound


def test_every_articulation_has_a_cell_for_each_velocity(data: dict[str, Any]) -> None:
    assert [row["articulation"] for row in data["articulations"]] == list(ARTICULATIONS)
    assert {len(row["cells"]) for row in data["articulations"]} == {8}
    borrowed = {row["articulation"] for row in data["articulations"] if row["borrowed"]}
    assert borrowed == set(ARTICULATIONS) - set(PLAYED)


def test_a_cell_plays_what_the_bank_plays(kit: Kit, data: dict[str, Any]) -> None:
    bank = open_bank(kit)
    for row in data["articulations"]:
        index = ARTICULATIONS.index(row["articulation"])
        for velocity, cell in zip(data["velocities"], row["cells"], strict=True):
            one_shot = int(bank.first[index, 0, bank.layer[index, 0, velocity]])
            gain = float(bank.gain[index, 0, velocity]) * float(bank.samples["scale"][one_shot])
            sound = decoded(data["sounds"][cell["sound"]])[:, 0] / 2**15 * cell["gain"]
            unfaded = len(sound) - round(SHORT_FADE_S * bank.sample_rate)
            expected = bank.one_shot(one_shot).mean(axis=1)[:unfaded] * gain
            np.testing.assert_allclose(sound[:unfaded], expected, atol=max(1.0, cell["gain"]) * ONE_STEP)


def test_shared_sounds_are_stored_once(data: dict[str, Any]) -> None:
    two_layers = 2
    assert len(data["sounds"]) == two_layers * len(PLAYED)


def test_levels_never_fall_and_layers_cover_all_velocities(data: dict[str, Any]) -> None:
    for row in data["articulations"]:
        assert len(row["levels_db"]) == 127
        assert np.all(np.diff(row["levels_db"]) >= 0)
        bounds = [(layer["low"], layer["high"]) for layer in row["layers"]]
        assert bounds == [(1, 64), (65, 127)]


def test_brightness_is_the_centroid_of_a_tone(data: dict[str, Any]) -> None:
    for number, articulation in enumerate(PLAYED, start=1):
        row = data["articulations"][ARTICULATIONS.index(articulation)]
        for layer in row["layers"]:
            assert layer["takes_hz"] == pytest.approx([331 * number], rel=0.05)


def test_the_stems_of_the_groove_are_those_that_render_makes(kit: Kit, data: dict[str, Any]) -> None:
    bank = open_bank(kit)
    groove = joined("groove", [one for one in starter_set().read() if one.id in PERFORMANCES])
    stems = mix(plan(groove, bank), bank)
    assert data["groove"]["loop_s"] == pytest.approx(groove.duration_s, abs=1 / bank.sample_rate)
    for piece, flac in zip(PIECES, data["groove"]["stems"], strict=True):
        sound = decoded(flac)
        assert len(sound) <= round((groove.duration_s + TAIL_S) * bank.sample_rate)
        unfaded = len(sound) - round(LONG_FADE_S * bank.sample_rate)
        np.testing.assert_array_equal(sound[:unfaded], stems[piece].T[:unfaded])


def test_the_groove_plays_all_nine_pieces_at_one_tempo() -> None:
    parts = [one for one in starter_set().read() if one.id in PERFORMANCES]
    assert [part.id for part in parts] == list(PERFORMANCES)
    assert len({part.metadata["bpm"] for part in parts}) == 1
    assert {NOTE_OF_NUMBER[int(note)].piece for part in parts for note in part.hits["note"]} == set(PIECES)


def test_findings_licence_and_texts_are_on_the_page_and_cannot_break_it(tmp_path: Path) -> None:
    write_sound(tmp_path / "kick.wav", tone())
    rude = "</script><script>alert(1)</script><!--<script>"
    data = map_data({"kick": layers("kick.wav")}, title=f"Tin & <b>{rude}", attribution=rude, license="CC0-1.0")
    page = kit_page(load_kit(str(write_map(tmp_path, data))))
    assert page.count(b"<script") == 2
    assert b"alert(1)</script>" not in page
    shown = content(page)
    assert shown["kit"]["attribution"] == rude
    assert shown["kit"]["license"] == "CC0-1.0"
    assert shown["check"]["takes"] == 1
    assert any(finding["rule"] == "missing-piece" for finding in shown["check"]["findings"])


def test_the_page_names_no_address_to_load_from(kit: Kit) -> None:
    page = kit_page(kit).decode()
    assert "default-src 'none'" in page
    without_data = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    assert set(re.findall(r"https?://[\w.]+", without_data)) == {"http://www.w3.org"}  # the name space of SVG


def test_the_command_writes_a_page_named_after_the_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = tone_kits(tmp_path, {"tin": 331.0})[0]
    (tmp_path / "tin.html.999999999.part").touch()  # of a killed run
    done = CliRunner().invoke(stemgmd, ["kits", "page", name], catch_exceptions=False)
    assert done.exit_code == 0
    assert done.output.startswith("tin.html: ")
    assert (tmp_path / "tin.html").read_bytes().startswith(b"<!doctype html>")
    assert not list(tmp_path.glob("*.part"))


def test_another_suffix_is_refused(kit: Kit, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"page\.pdf.*\.html"):
        write_kit_page(kit, tmp_path / "page.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_page_of_a_shipped_kit_is_of_moderate_size() -> None:
    page = kit_page(load_kit("cedar_hall"))
    assert len(page) < LARGEST_BYTES
    shown = content(page)
    assert shown["check"] is None
    assert len(shown["articulations"]) > len(ARTICULATIONS)  # degrees of openness
