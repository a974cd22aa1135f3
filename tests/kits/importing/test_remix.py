"""``stemgmd kits remix``: the same samples, other levels of microphones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from microphone_kits import write_kit

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.pieces import ARTICULATIONS


def remix(*words: str | Path) -> str:
    result = CliRunner().invoke(stemgmd, ["kits", "remix", *map(str, words)])
    if isinstance(result.exception, StemgmdError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_a_remix_is_a_kit_of_the_same_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMGMD_DATA", str(tmp_path / "data"))
    kit = write_kit(tmp_path / "kit")
    output = remix(kit, "--mics", "overhead=-20,room=off", "--name", "dry")
    assert output.startswith("dry: close 0 dB, overhead -20 dB, room off\n")
    mixed, dry = load_kit(str(kit)), load_kit("dry")
    assert dry.folder is not None and dry.folder.resolve() == mixed.folder
    assert dry.map.articulations == mixed.map.articulations
    row = int(open_bank(dry).first[ARTICULATIONS.index("snare_head"), 0, 0])
    assert not np.array_equal(open_bank(dry).one_shot(row), open_bank(mixed).one_shot(row))

    with pytest.raises(UsageError, match="dry"):
        remix(kit, "--mics", "room=0", "--name", "dry")
    remix("dry", "--mics", "room=0", "--name", "roomy")
    remix(kit, "--mics", "room=-3", "--name", "dry", "--replace")
    assert load_kit("dry").map.microphones["room"].gain_db == -3
    assert load_kit("roomy").map.microphones["overhead"].gain_db == -20


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cedar_hall", "--mics", "room=0", "--name", "x"), "kit cedar_hall: names no microphones"),
        (("KIT", "--mics", "rom=0", "--name", "x"), "--mics rom: the kit has no such microphone; known: close"),
        (("KIT", "--mics", "room=off,overhead=off", "--name", "x"), "ride_bow would be silent; leave on one of"),
        (("KIT", "--mics", "room=loud", "--name", "x"), "give NAME=DB or NAME=off"),
        (("KIT", "--mics", "room=0", "--name", "cedar_hall"), "is the name of"),
        (("KIT", "--mics", "room=0", "--name", "../x"), "must be of a-z, 0-9 and _"),
    ],
)
def test_what_cannot_be_remixed_is_refused(
    words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEMGMD_DATA", str(tmp_path / "data"))
    kit = write_kit(tmp_path / "kit")
    with pytest.raises(UsageError, match=message):
        remix(*(str(kit) if word == "KIT" else word for word in words))
    assert not list((tmp_path / "data").rglob("x*"))
