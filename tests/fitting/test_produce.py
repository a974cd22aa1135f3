"""``stemgmd kits fit``: what it writes, what it refuses, what is left when it is stopped.

Fitting itself is tested where it is made; here voices of plain noise stand in for it, but for the last tests.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from toy_kits import RATE, layers, map_data, write_map, write_sound

from stemgmd_tools.cli.kits import kits
from stemgmd_tools.errors import KitError, StemgmdError, UsageError
from stemgmd_tools.fitting import produce
from stemgmd_tools.fitting.estimation.recorded_kit import Fitted
from stemgmd_tools.kits.library import find_map, load_kit
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.outline import kind
from stemgmd_tools.kits.sample_map.writer import write_new_map
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Noise, VoiceModel
from stemgmd_tools.storage import figures
from stemgmd_tools.storage.working_dir import workplace

DRUMS = ("kick", "snare_head", "snare_cross_stick", "hi_tom_head")
CYMBALS = ("hihat_closed_bow", "hihat_open_bow", "ride_bow", "crash1_edge")
NOTE = "kick: clipped recordings: their peaks are not the drum's"


def run(*arguments: object) -> Result:
    done = CliRunner().invoke(kits, ["fit", *(str(argument) for argument in arguments)])
    if isinstance(done.exception, StemgmdError):
        raise done.exception
    return done


def strike(seed: int, peak: float, hertz: float, seconds: float = 0.15) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a decaying tone with noise, shape (frames, 1)."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).uniform(-1, 1, len(time_s))
    return (peak * (0.6 * np.cos(2 * np.pi * hertz * time_s) + 0.4 * noise) * 10 ** (-3 * time_s / seconds))[:, None]


def recorded_kit(
    folder: Path, names: tuple[str, ...], repeats: int = 1, peaks: tuple[float, ...] = (0.5,), **top: Any
) -> Path:
    """Write a kit with recordings of the named articulations, so many in each of as many layers as peaks."""
    articulations = {}
    for index, name in enumerate(names):
        rows = layers(*(f"{name}_{layer}" for layer in range(len(peaks))))
        for layer, row in enumerate(rows["layers"]):
            row["files"] = [f"{name}_{layer}_{take}.wav" for take in range(repeats)]
            for take, file in enumerate(row["files"]):
                write_sound(folder / file, strike(take + 10 * layer, peaks[layer], 80.0 * 1.7**index))
        articulations[name] = rows
    rest = {"kick": {"fallback": {"articulation": names[0]}}} if "kick" not in names else {}
    data = map_data(articulations | rest, **{"name": folder.name, **top})
    return write_map(folder, data, folder.name)


def noise_voice() -> VoiceModel:
    """Return a fifth of a second of noise."""
    level = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0, 0.15), values=((-25.0, -85.0),))
    slope = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0,), values=((6.0,),))
    return VoiceModel(noise=Noise(level_db=level, velocity_db_per_octave=slope), duration_s=0.3)


@pytest.fixture
def plain_fit(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let noise stand in for fitted voices; return the names of the kits that are fitted."""
    fitted: list[str] = []

    def fit_voices(kit: Kit, progress: Callable[[str], None]) -> Fitted:
        fitted.append(kit.name)
        names = [name for name, one in kit.map.articulations.items() if one.layers]
        for name in names:
            progress(name)
        return Fitted(kit, dict.fromkeys(names, noise_voice()), (NOTE,))

    monkeypatch.setattr(produce, "fit_voices", fit_voices)
    return fitted


@pytest.fixture
def no_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(figures.importlib, "import_module", missing)


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.usefixtures("plain_fit")
def test_map_report_and_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS, repeats=2)
    out = tmp_path / "new" / "mine.yaml"
    said = run(path, "--out", out, "--title", "Mine")
    assert said.exit_code == 0, said.output
    kit = load_map(out)
    assert (kit.name, kit.title, kind(kit)) == ("mine", "Mine", "modelled")
    assert [one.kit for one in kit.measured_on] == ["toy"]
    assert left_in(out.parent) == {"mine.yaml", "mine.report.md", "mine.report"}
    assert left_in(out.parent / "mine.report") == {f"{name}.png" for name in DRUMS + CYMBALS}
    assert all(one.read_bytes().startswith(b"\x89PNG") for one in (out.parent / "mine.report").iterdir())
    report = (out.parent / "mine.report.md").read_text()
    for text in ("# Mine", NOTE, "CC0-1.0", "nobody", "(mine.report/kick.png)", "made from other strokes of `toy`"):
        assert text in report
    row = next(line for line in report.splitlines() if line.startswith("| snare_head |"))
    recordings, floor, model, ratio = row.split(" | ")[1:5]
    assert recordings == "2"
    assert float(ratio) == pytest.approx(float(model) / float(floor), abs=0.02)


@pytest.mark.usefixtures("plain_fit", "no_matplotlib")
def test_without_matplotlib_the_report_says_what_to_install(tmp_path: Path) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    run(path, "--out", tmp_path / "mine.yaml")
    report = (tmp_path / "mine.report.md").read_text()
    assert "stemgmd-tools[plot]" in report
    assert "| kick | 1 | - |" in report  # one recording has no natural floor
    assert not (tmp_path / "mine.report").exists()


@pytest.mark.usefixtures("plain_fit", "no_matplotlib")
def test_without_a_report_an_old_one_goes_too(tmp_path: Path) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    run(path, "--out", tmp_path / "mine.yaml")
    run(path, "--out", tmp_path / "mine.yaml", "--no-report")
    assert left_in(tmp_path) == {"toy", "mine.yaml"}


@pytest.mark.usefixtures("no_matplotlib")
def test_what_lacks_is_borrowed_from_a_named_donor(tmp_path: Path, plain_fit: list[str]) -> None:
    path = recorded_kit(tmp_path / "drums", DRUMS)
    with pytest.raises(KitError, match="name a donor that has it"):
        run(path, "--out", tmp_path / "mine.yaml")
    assert left_in(tmp_path) == {"drums"}
    assert plain_fit == []  # told before the work
    donor = recorded_kit(tmp_path / "cymbals", CYMBALS, license="CC-BY-SA-4.0", attribution="somebody")
    plain_fit.clear()
    run(path, "--donor", donor, "--out", tmp_path / "mine.yaml")
    assert plain_fit == ["drums", "cymbals"]
    kit = load_map(tmp_path / "mine.yaml")
    assert kit.license == "CC-BY-SA-4.0"
    assert "somebody" in kit.attribution
    report = (tmp_path / "mine.report.md").read_text()
    borrowed = re.search(r"borrowed from `cymbals` \(CC-BY-SA-4.0\): (.*)", report)
    assert borrowed
    assert "ride_bow" in borrowed[1]
    assert "kick" not in borrowed[1]


def test_a_kit_without_recordings_is_refused(tmp_path: Path, plain_fit: list[str]) -> None:
    for arguments in (["willow_club"], [recorded_kit(tmp_path / "toy", DRUMS), "--donor", "willow_club"]):
        with pytest.raises(KitError, match="kit willow_club has no recordings") as refused:
            run(*arguments, "--out", tmp_path / "mine.yaml")
        assert "\n" not in str(refused.value)
    assert plain_fit == []


@pytest.mark.parametrize("name", ["My Kit.yaml", "mine.yml", "mine", "-.yaml"])
def test_names_no_map_can_have(tmp_path: Path, plain_fit: list[str], name: str) -> None:
    with pytest.raises(UsageError, match=r"must be NAME\.yaml"):
        run("willow_club", "--out", tmp_path / name)
    assert plain_fit == []


@pytest.mark.usefixtures("plain_fit")
def test_recordings_maps_are_not_written_over(tmp_path: Path) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="no fit has written it"):
        run(path, "--out", path)
    (tmp_path / "notes.yaml").write_text("- milk\n")
    with pytest.raises(UsageError, match="no fit has written it"):
        run(path, "--out", tmp_path / "notes.yaml")
    assert path.read_bytes() == before


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_stopped_while_fitting_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    monkeypatch.setattr(produce, "fit_voices", interrupt)
    assert run(path, "--out", tmp_path / "mine.yaml").exit_code != 0
    assert left_in(tmp_path) == {"toy"}


@pytest.mark.usefixtures("plain_fit")
def test_stopped_while_drawing_the_map_is_whole_and_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    run(path, "--out", tmp_path / "whole.yaml", "--no-report")
    monkeypatch.setattr(produce, "draw", interrupt)
    assert run(path, "--out", tmp_path / "mine.yaml").exit_code != 0
    assert left_in(tmp_path) == {"toy", "whole.yaml", "mine.yaml"}
    whole = (tmp_path / "whole.yaml").read_text().replace("whole", "mine")
    assert (tmp_path / "mine.yaml").read_text() == whole


@pytest.mark.usefixtures("no_matplotlib")
def test_one_run_at_a_time_writes_a_map(tmp_path: Path, plain_fit: list[str]) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    out = tmp_path / "mine.yaml"
    with workplace(out), pytest.raises(KitError, match="another run is writing it"):
        run(path, "--out", out)
    assert plain_fit == []
    run(path, "--out", out)
    assert left_in(tmp_path) == {"toy", "mine.yaml", "mine.report.md"}


@pytest.mark.usefixtures("plain_fit", "no_matplotlib")
def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    left = tmp_path / ".mine.yaml.work"
    (left / "folder").mkdir(parents=True)
    for file in (left / "lock", left / "kick.png", tmp_path / "mine.yaml.123.part", tmp_path / "mine.report.md.9.part"):
        file.write_bytes(b"x")
    (tmp_path / "other.yaml.1.part").write_bytes(b"of somebody else")
    run(path, "--out", tmp_path / "mine.yaml")
    assert left_in(tmp_path) == {"toy", "mine.yaml", "mine.report.md", "other.yaml.1.part"}


def test_a_place_that_cannot_be_written_is_told_before_the_work(tmp_path: Path, plain_fit: list[str]) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KitError, match="where a folder should be") as refused:
        run(path, "--out", tmp_path / "file" / "mine.yaml")
    assert "\n" not in str(refused.value)
    assert plain_fit == []


def test_a_licence_nobody_knows_is_told_before_the_work(tmp_path: Path, plain_fit: list[str]) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS, license="LicenseRef-mine")
    with pytest.raises(KitError, match="LicenseRef-mine"):
        run(path, "--out", tmp_path / "mine.yaml")
    assert (plain_fit, left_in(tmp_path)) == ([], {"toy"})


@pytest.mark.usefixtures("plain_fit")
def test_kits_made_from_others_are_not_written_over(tmp_path: Path) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    write_new_map(find_map("morph:cedar_hall+birch_room:0.5"), tmp_path / "mine.yaml")
    with pytest.raises(UsageError, match="no fit has written it"):
        run(path, "--out", tmp_path / "mine.yaml")


@pytest.mark.usefixtures("plain_fit", "no_matplotlib")
def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    kit = load_kit(str(recorded_kit(tmp_path / "toy", DRUMS + CYMBALS, repeats=2)))
    progress: list[tuple[str, float]] = []
    produce.produce(kit, tmp_path / "mine.yaml", progress=lambda what, share: progress.append((what, share)))
    shares = [share for _, share in progress]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(shares)
    assert [what for what, _ in progress[:2]] == ["toy kick", "toy snare_head"]


@pytest.mark.slow
def test_two_fits_of_one_kit_are_equal_to_the_byte(tmp_path: Path) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS)
    donor = recorded_kit(tmp_path / "cymbals", CYMBALS)
    written = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        run(path, "--out", folder / "mine.yaml", "--donor", donor, "--no-report")
        written.append((folder / "mine.yaml").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["mine.report", ".mine.yaml.work"])
def test_nothing_is_written_or_cleared_through_a_link(tmp_path: Path, plain_fit: list[str], name: str) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.png").write_bytes(b"keep")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StemgmdError, match="leads out of"):
        run(path, "--out", tmp_path / "out" / "mine.yaml")
    assert left_in(tmp_path / "elsewhere") == {"mine.png"}
    assert plain_fit == []
    assert left_in(tmp_path / "out") == {name}


def test_reports_do_not_depend_on_how_long_the_fit_took(
    tmp_path: Path, plain_fit: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recorded_kit(tmp_path / "toy", DRUMS + CYMBALS)
    clock = (10.0**number for number in itertools.count())
    monkeypatch.setattr(produce.time, "perf_counter", lambda: next(clock))
    written = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        done = run(path, "--out", folder / "mine.yaml")
        assert "fitted in" in done.output
        written.append({file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()})
    assert written[0].keys() >= {"mine.yaml", "mine.report.md"}
    assert written[0] == written[1]


@pytest.mark.real
@pytest.mark.slow
def test_a_real_kit_comes_nearer_than_another_drum(tmp_path: Path, kits_dir: Path) -> None:
    """The hardest layer of some strokes of a real kit, fitted as a kit of its own."""
    source = load_map(load_kit("muldjord", (kits_dir,)).path)
    names = DRUMS + CYMBALS
    articulations = {}
    for name in names:
        loudest = (source.articulations[name].layers or ())[-1]
        row = {"velocity": [1, 127], "files": [sound.file for sound in loudest.files or ()]}
        articulations[name] = {"layers": [row | ({} if loudest.openness is None else {"openness": loudest.openness})]}
    path = write_map(tmp_path, map_data(articulations, folder="muldjord", license="CC-BY-4.0"))
    run(path, "--kit-path", kits_dir, "--out", tmp_path / "mine.yaml")
    report = (tmp_path / "mine.report.md").read_text()
    rows = {line.split(" | ")[0][2:]: line.split(" | ") for line in report.splitlines() if line.startswith("| ")}
    for name in names:
        assert float(rows[name][3]) < 5.0, rows[name]  # another drum is 6 to 14 dB away
    assert load_map(tmp_path / "mine.yaml").license == "CC-BY-4.0"
