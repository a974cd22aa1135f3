"""``stemgmd kits import`` through a format that another distribution adds with one module."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from toy_kits import tone, write_sound
from toy_package import ToyPackage, install

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.errors import AudioError, KitError, UsageError
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.runtime.plugins import module_names, modules

SOUNDS = ("kick soft", "kick hard", "snare", "hat closed", "hat open", "ride", "crash", "cowbell")
GROUP = "stemgmd_tools.kits.sources"
TOY_FORMAT = """
import json
from stemgmd_tools.kits.sources.base import DrumLibrary, KitFormat, Microphone, Region, SoundFile

def read(source, samples):
    data = json.loads(source.read_text())
    regions = tuple(
        Region(
            sounds={mic: SoundFile(source.parent / file) for mic, file in row["sounds"].items()},
            place=f"{source}: region {number}",
            keys=tuple(row.get("keys", ())),
            names=tuple(row.get("names", ())),
            velocity=tuple(row["velocity"]) if "velocity" in row else None,
        )
        for number, row in enumerate(data["regions"])
    )
    mics = {name: Microphone(gain_db) for name, gain_db in data.get("mics", {}).items()}
    return DrumLibrary(source.parent, regions, "Toy library", microphones=mics, ignored={"colour": 3})

FORMAT = KitFormat("toybox", "Libraries of toys", (".toybox",), lambda path: path.suffix == ".toybox", read)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ToyPackage:
    return install(tmp_path_factory.mktemp("package"), GROUP, TOY_FORMAT)


@pytest.fixture
def installed(package: ToyPackage, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add the package to this process."""
    monkeypatch.syspath_prepend(str(package.folder))
    for remembered in (module_names, modules):
        remembered.cache_clear()
    yield
    for remembered in (module_names, modules):
        remembered.cache_clear()


def run_import(*words: str | Path) -> str:
    """Run ``stemgmd kits import`` in this process; return what it prints."""
    arguments = ["kits", "import", *map(str, words)]
    result = CliRunner().invoke(stemgmd, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the definition of a library; kits are imported to a folder of the test."""
    monkeypatch.setenv("STEMGMD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "library"
    for number, name in enumerate(
        ("kick soft", "kick hard", "snare", "hat closed", "hat open", "ride", "crash", "cowbell")
    ):
        write_sound(folder / f"{name}.wav", tone(peak=0.1 + 0.05 * number, hertz=100 * (number + 1), seconds=0.1))
    (folder / "LICENSE").write_text("Creative Commons Attribution 4.0")
    regions = [
        {"sounds": {"": "kick soft.wav"}, "keys": [36], "velocity": [1, 80]},
        {"sounds": {"": "kick hard.wav"}, "keys": [36], "velocity": [81, 127]},
        {"sounds": {"": "snare.wav"}, "keys": [38]},
        {"sounds": {"": "hat closed.wav"}, "keys": [42]},
        {"sounds": {"": "hat open.wav"}, "keys": [46]},
        {"sounds": {"": "ride.wav"}, "keys": [51]},
        {"sounds": {"": "crash.wav"}, "keys": [49]},
        {"sounds": {"": "cowbell.wav"}, "keys": [56]},
    ]
    path = folder / "my toys.toybox"
    path.write_text(json.dumps({"regions": regions}))
    return path


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_kit_is_imported_and_renders_at_once(library: Path, package: ToyPackage, tmp_path: Path) -> None:
    printed = package.run("kits", "import", str(library)).stdout
    assert "my_toys: Toy library" in printed
    assert "licence: CC-BY-4.0 (LICENSE)" in printed
    row = next(line.split() for line in printed.splitlines() if line.startswith("kick "))
    assert row[:4] == ["kick", "2", "1", "36"]
    assert "56: cowbell.wav" in printed
    assert "without influence: colour (3)" in printed
    assert "hi_tom_head" in printed
    assert "my_toys" in package.run("kits", "list").stdout
    package.run("render", "--kits", "my_toys", "--limit", "1", "--out", str(tmp_path / "corpus"))
    package.run("verify", str(tmp_path / "corpus"))


def test_help_lists_the_format(installed: None) -> None:
    assert "toybox     Libraries of toys" in run_import("--help")


def test_samples_are_linked_or_copied(library: Path, installed: None, tmp_path: Path) -> None:
    run_import(library, "--name", "linked")
    run_import(library, "--name", "copied", "--copy")
    kits = tmp_path / "data" / "kits"
    assert (kits / "linked").is_symlink()
    used = {path.name for path in library.parent.glob("*.wav")} - {"cowbell.wav"}
    assert names_in(kits / "copied") == used | {".imported"}
    assert names_in(kits) == {"linked", "linked.yaml", "copied", "copied.yaml"}
    library.parent.rename(tmp_path / "moved")
    with pytest.raises(KitError, match="no folder linked/ with its samples"):
        load_kit("linked")
    assert open_bank(load_kit("copied")).kit == "copied"


def test_a_note_can_be_given_another_articulation(library: Path, installed: None) -> None:
    printed = run_import(library, "--map", "56=ride_bell", "--map", "51=none")
    rows = {line.split()[0]: line for line in printed.splitlines() if line}
    assert "as given with --map" in rows["ride_bell"]
    assert "missing; ride_bell -4 st -2 dB stands in" in rows["ride_bow"]


def test_credit_is_asked_for_and_kept(library: Path, installed: None, tmp_path: Path) -> None:
    unnamed = run_import(library, "--name", "unnamed")
    assert "warning: CC-BY-4.0 asks for credit, but the library names nobody; give --attribution" in unnamed
    named = run_import(library, "--name", "named", "--attribution", "A. Drummer")
    assert "attribution: A. Drummer" in named
    assert "warning" not in named
    assert load_map(tmp_path / "data/kits/named.yaml").attribution == "A. Drummer"
    assert "asks for credit" not in run_import(library, "--name", "free", "--license", "CC0-1.0")


def test_microphones_are_mixed_as_asked(library: Path, installed: None, tmp_path: Path) -> None:
    data = json.loads(library.read_text())
    for row in data["regions"]:
        row["sounds"] = {"close": row["sounds"][""], "room": "snare.wav"}
    library.write_text(json.dumps({**data, "mics": {"close": 0, "room": -3}}))
    assert "microphones: close off, room -9 dB" in run_import(library, "--mics", "room=-9,close=off")
    with pytest.raises(UsageError, match="--mics rom: the kit has no such microphone; known: close, room"):
        run_import(library, "--replace", "--mics", "rom=1")
    assert (tmp_path / "data" / "kits" / "my_toys.yaml").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--map", "37=snare_cross"], '--map 37=snare_cross: unknown articulation (did you mean "snare_cross_stick"?)'),
        (["--map", "snare"], "--map snare: give NOTE=ARTICULATION"),
        (["--map", "99=kick"], "--map 99: the library has no such note or name"),
        (["--name", "My Toys"], "--name My Toys: must be of a-z, 0-9 and _"),
        (["--mics", "room"], "--mics room: give NAME=DB or NAME=off"),
        (["--mics", "room=99"], "--mics room=99: allowed: -144 to 60 dB, or off"),
        (["--mics", "room=nan"], "--mics room=nan: allowed: -144 to 60 dB, or off"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_left(
    library: Path, installed: None, tmp_path: Path, words: list[str], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        run_import(library, *words)
    assert message in str(caught.value)
    kits = tmp_path / "data" / "kits"
    assert not kits.exists() or not list(kits.iterdir())


def test_wrong_sources_are_named(installed: None, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("no kit")
    with pytest.raises(UsageError, match=r"is of no known format; known: .*toybox \(\.toybox\)"):
        run_import(other)
    with pytest.raises(UsageError, match=r"none\.sfz: no such file or folder"):
        run_import(tmp_path / "none.sfz")


def test_missing_files_are_reported_and_left_out(library: Path, installed: None) -> None:
    (library.parent / "ride.wav").unlink()
    printed = run_import(library)
    assert "note: missing: 1 sample file: ride.wav" in printed
    assert "ride_bow" in printed


def test_a_kit_is_not_replaced_unless_asked(library: Path, installed: None) -> None:
    run_import(library)
    with pytest.raises(UsageError, match="is there already; choose another --name, or replace it with --replace"):
        run_import(library)
    run_import(library, "--replace")


def test_a_kit_may_be_mapped_again_from_its_own_link_but_not_from_its_own_copy(
    library: Path, installed: None, tmp_path: Path
) -> None:
    kits = tmp_path / "data" / "kits"
    run_import(library, "--name", "linked")
    run_import(kits / "linked" / library.name, "--name", "linked", "--replace", "--map", "56=ride_bell")
    assert (kits / "linked").resolve() == library.parent
    assert "ride_bell" in (kits / "linked.yaml").read_text()
    run_import(library, "--name", "copied", "--copy")
    before = names_in(kits / "copied")
    (kits / "copied" / library.name).write_bytes(library.read_bytes())
    with pytest.raises(UsageError, match="is the kit that would be replaced; choose another --name"):
        run_import(kits / "copied" / library.name, "--name", "copied", "--replace")
    assert names_in(kits / "copied") == before | {library.name}


def test_a_folder_that_no_import_made_is_never_replaced(library: Path, installed: None, tmp_path: Path) -> None:
    own = tmp_path / "drums" / "foo" / "recording.wav"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"precious")
    (tmp_path / "drums" / "foo.yaml").write_text("schema: stemgmd-kit/1")
    with pytest.raises(UsageError, match="was not made by an import and is not replaced"):
        run_import(library, "--out", tmp_path / "drums" / "foo.yaml", "--replace")
    assert own.read_bytes() == b"precious"


def test_a_failure_while_replacing_leaves_the_kit_as_it_was(
    library: Path, installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_import(library, "--copy")
    kits = tmp_path / "data" / "kits"
    before = {path.relative_to(kits): path.read_bytes() for path in kits.rglob("*") if path.is_file()}

    def full(path: Path, content: bytes) -> None:
        if path.parent == kits:
            raise AudioError("no space left")
        path.write_bytes(content)

    monkeypatch.setattr("stemgmd_tools.kits.importing.placement.write_bytes", full)
    with pytest.raises(AudioError):
        run_import(library, "--replace", "--map", "56=ride_bell")
    assert {path.relative_to(kits): path.read_bytes() for path in kits.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["all", "permissive", "cedar_hall"])
def test_names_of_groups_and_of_other_kits_are_refused(library: Path, installed: None, name: str) -> None:
    with pytest.raises(UsageError, match="choose another --name"):
        run_import(library, "--name", name)
