"""``stemgmd kits`` from the command line, and the example in the documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from toy_kits import layers, map_data, tone, toy_kit, write_map, write_sound

from stemgmd_tools.cli.kits import kits
from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.kits.bank.cache import PCM_FILE, bank_folder, open_bank
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.docs import reference
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.outline import kind
from stemgmd_tools.pieces import ARTICULATIONS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "sample-maps.md"


@pytest.fixture(autouse=True)
def _only_what_the_test_gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STEMGMD_KITS", raising=False)
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "cache"))


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(kits, [str(argument) for argument in arguments])
    if isinstance(done.exception, StemgmdError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_list(tmp_path: Path) -> None:
    toy_kit(tmp_path)
    (tmp_path / "broken.yaml").write_text("name: broken\n")
    lines = {line.split()[0]: line for line in run("list", "--kit-path", tmp_path).output.splitlines()}
    assert "recorded" in lines["toy"]
    assert "CC0-1.0" in lines["toy"]
    assert lines["toy"].endswith("found")
    assert lines["sams_sonor"].endswith("installable, 36.5 MB")
    assert "faulty" in lines["broken"]


def test_show(tmp_path: Path) -> None:
    path = toy_kit(tmp_path)
    before = run("show", path).output
    for text in ("toy: Toy", "licence: CC0-1.0", "attribution: nobody", "as kick", str(tmp_path), "kits build"):
        assert text in before
    assert all(name in before for name in ARTICULATIONS)
    run("build", path)
    assert "warning: ride_bow: nothing recorded; kick stands in" in run("show", path).output


def test_show_without_samples(tmp_path: Path) -> None:
    path = write_map(tmp_path, map_data({"kick": layers("soft.wav")}, folder="away", license="CC-BY-SA-3.0"))
    shown = run("show", path).output
    assert "samples: not found" in shown
    assert "CC-BY-SA-3.0" in shown
    assert "cannot be compiled" in shown


def test_show_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run("show", toy_kit(tmp_path), "--plot", tmp_path / "toy.png")
    assert (tmp_path / "toy.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob(".toy.png*"))


def test_a_picture_that_cannot_be_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = toy_kit(tmp_path)
    with pytest.raises(UsageError, match=r"none/toy\.png: cannot be written"):
        run("show", path, "--plot", tmp_path / "none" / "toy.png")
    with pytest.raises(UsageError, match=r"known endings: .*\.png"):
        run("show", path, "--plot", tmp_path / "toy.xyz")


def test_plotting_without_matplotlib_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stemgmd_tools.storage import figures

    def missing(name: str, *rest: Any) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(figures.importlib, "import_module", missing)
    with pytest.raises(UsageError, match=r"stemgmd-tools\[plot\]"):
        run("show", toy_kit(tmp_path), "--plot", tmp_path / "toy.png")


@pytest.mark.parametrize("rate", [-1, 0, 1_000_000_000])
def test_rates_that_no_bank_has(tmp_path: Path, rate: int) -> None:
    with pytest.raises(UsageError, match=rf"sample_rate is {rate} Hz; allowed: 8000\.\.192000"):
        run("build", toy_kit(tmp_path), "--rate", rate, "--jobs", 1)


def test_a_damaged_bank_is_found_and_built_again(tmp_path: Path) -> None:
    path = toy_kit(tmp_path)
    build = ("build", path, "--jobs", 1, "--check")
    assert run(*build).output == "toy: ready at 44100 Hz\n"
    pcm = bank_folder(load_kit_file(path)) / PCM_FILE
    whole = pcm.read_bytes()
    pcm.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    assert run(*build).output == "toy: was damaged; rebuilding\ntoy: ready at 44100 Hz\n"
    assert pcm.read_bytes() == whole
    assert "damaged" not in run(*build).output


def test_schema() -> None:
    assert json.loads(run("schema").output)["title"] == "Sample map of a drum kit"


def test_unknown_kit() -> None:
    with pytest.raises(UsageError, match='no kit "salamandre"'):
        run("show", "salamandre")


def test_the_reference_names_every_key() -> None:
    text = reference()
    for key in ("velocity", "files", "openness", "reference", "pitch_semitones", "choke_group", "release_s", "room"):
        assert f"| `{key}` |" in text
    links = set(re.findall(r"\]\(#(\w+)\)", text))
    assert links <= {heading.lower() for heading in re.findall(r"^### (\w+)$", text, re.MULTILINE)}


def test_the_guides_example_is_a_kit(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    path = tmp_path / "my_kit.yaml"
    path.write_text(example[1], encoding="utf-8")
    for number, file in enumerate(sorted(set(re.findall(r"[\w/-]+\.wav", example[1])))):
        write_sound(tmp_path / file, tone(hertz=100 + 40 * number, peak=0.2 + 0.02 * number))
    assert kind(load_map(path)) == "recorded"
    bank = open_bank(load_kit(str(path)))
    assert (bank.gain[:, :, 100] > 0).all()
