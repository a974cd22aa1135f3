"""Installing a tiny library from a folder, from archives and from a real server that behaves badly."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from bad_server import Behaviour, serving
from click.testing import CliRunner
from toy_kits import tone, write_sound

from stemgmd_tools import data
from stemgmd_tools.cli.kits import kits as command
from stemgmd_tools.errors import FetchError, KitError, UsageError
from stemgmd_tools.kits.catalogue.install import Installed, install
from stemgmd_tools.kits.catalogue.loader import CatalogueKit, load_entry
from stemgmd_tools.kits.catalogue.origin import Origin
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.storage.http import Patience

QUICK = Patience(attempts=3, pause_s=0.0, timeout_s=5.0)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOUNDS = {"kick": 36, "snare": 38, "closed": 42, "open": 46, "tom": 45, "ride": 51, "crash": 49}
SOFT = "samples/snare_soft.wav"
OTHER_TOM = "samples/other_tom.wav"
FULL_ONLY = (SOFT, OTHER_TOM)
"""Only in the full subset; the entry leaves the other tom out."""


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMGMD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return the copy of a repository whose kit lies in the folder ``drums``."""
    folder = tmp_path / "copy" / "drums"
    regions = [f"<region> sample=samples/{name}.wav key={key}" for name, key in SOUNDS.items() if name != "snare"]
    regions += [f"<region> sample={SOFT} key=38 hivel=63", "<region> sample=samples/snare.wav key=38 lovel=64"]
    regions += [f"<region> sample={OTHER_TOM} key=47"]
    for number, name in enumerate([*SOUNDS, "snare_soft", "other_tom"]):
        write_sound(folder / "samples" / f"{name}.wav", tone(hertz=200.0 + 50 * number, seconds=0.1))
    (folder / "kit.sfz").write_text("\n".join(regions))
    return folder.parent


def entry_of(library: Path, place: Path, **source: object) -> CatalogueKit:
    """Write the entry of a library and its table; return it as it is loaded."""
    folder = library / "drums"
    about = {
        "schema": "stemgmd-recorded/1",
        "name": "tiny",
        "title": "Tiny",
        "description": "For tests.",
        "license": "CC-BY-SA-4.0",
        "license_checked": ["here", "there"],
        "attribution": "A. Drummer",
        "homepage": "https://example.org/tiny",
        "verified": True,
        "source": source or {"github": "some/drums", "commit": COMMIT, "folder": "drums"},
        "definition": "kit.sfz",
        "map": {"45": "hi_tom_head", "47": "none"},
    }
    place.mkdir(exist_ok=True)
    (place / "tiny.yaml").write_text(json.dumps(about))
    rows = ["path,bytes,sha256,subset"]
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, content = path.relative_to(folder).as_posix(), path.read_bytes()
        subset = "full" if name in FULL_ONLY else "light"
        rows.append(f"{name},{len(content)},{hashlib.sha256(content).hexdigest()},{subset}")
    (place / "tiny.csv").write_text("\n".join(rows) + "\n")
    return load_entry(place / "tiny.yaml")


def served(library: Path) -> dict[str, bytes]:
    """Return the files of the repository as the publisher's server has them."""
    files = (path for path in library.rglob("*") if path.is_file())
    return {f"/some/drums/{COMMIT}/{path.relative_to(library).as_posix()}": path.read_bytes() for path in files}


def only(kit: CatalogueKit, **options: object) -> Installed:
    (installed,) = install([kit], patience=QUICK, **options)  # type: ignore[arg-type]
    return installed


def test_from_a_copy_of_the_repository(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    assert only(kit, origin=Origin(folder=library)).imported is not None
    loaded = load_kit("tiny")
    assert (loaded.title, loaded.license, loaded.attribution) == ("Tiny", "CC-BY-SA-4.0", "A. Drummer")
    assert loaded.map.source_url == "https://example.org/tiny"
    assert loaded.map.articulations["hi_tom_head"].layers is not None
    snare = loaded.map.articulations["snare_head"].layers
    assert snare is not None
    assert len(snare) == 2


def test_a_complete_kit_is_left_and_a_damaged_one_mended(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    only(kit, origin=Origin(folder=library / "drums"))  # the library's own folder will do
    map_file = data.kits_dir() / "tiny.yaml"
    map_file.write_text(map_file.read_text().replace('"Tiny"', '"Mine"'))
    edited = map_file.read_text()
    assert only(kit, origin=Origin(folder=tmp_path)).imported is None
    assert map_file.read_text() == edited
    damaged = tmp_path / "data" / "libraries" / "tiny" / "samples" / "kick.wav"
    damaged.write_bytes(bytes(damaged.stat().st_size))
    assert only(kit, origin=Origin(folder=library)).imported is not None
    assert damaged.read_bytes() == (library / "drums" / "samples" / "kick.wav").read_bytes()


def test_the_light_subset_grows_to_the_full_one(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    only(kit, subset="light", origin=Origin(folder=library))
    (layer,) = load_kit("tiny").map.articulations["snare_head"].layers or ()
    assert tuple(layer.velocity) == (1, 127)
    assert only(kit, subset="light", origin=Origin(folder=library)).imported is None
    only(kit, subset="full", origin=Origin(folder=library))
    assert len(load_kit("tiny").map.articulations["snare_head"].layers or ()) == 2
    assert only(kit, subset="light", origin=Origin(folder=library)).imported is None


def test_what_an_interrupted_installation_left_is_not_in_the_light_kit(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    only(kit, subset="full", origin=Origin(folder=library))
    (tmp_path / "data" / "libraries" / "tiny.json").unlink()  # it is written last
    only(kit, subset="light", origin=Origin(folder=library))
    (layer,) = load_kit("tiny").map.articulations["snare_head"].layers or ()
    assert tuple(layer.velocity) == (1, 127)


def test_a_kit_whose_link_is_gone_is_installed_again(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    only(kit, origin=Origin(folder=library))
    (data.kits_dir() / "tiny").unlink()
    assert only(kit, origin=Origin(folder=library)).imported is not None
    assert load_kit("tiny").name == "tiny"


def test_wrong_bytes_in_a_folder_are_named(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    wrong = library / "drums" / "samples" / "ride.wav"
    wrong.write_bytes(wrong.read_bytes()[:-1] + b"x")
    with pytest.raises(KitError, match=r"ride\.wav: wrong bytes: expected SHA-256 [0-9a-f]+"):
        only(kit, origin=Origin(folder=library))
    wrong.unlink()
    with pytest.raises(KitError, match=r"ride\.wav: is missing; tiny needs it"):
        only(kit, origin=Origin(folder=library))
    with pytest.raises(UsageError, match=r"holds no kit\.sfz; name a copy of some/drums"):
        only(kit, origin=Origin(folder=tmp_path / "entries"))
    assert not (data.kits_dir() / "tiny.yaml").exists()


def test_from_a_server_that_drops_connections(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    behaviour = Behaviour(files=served(library), cut_after=9000, ranges=True)
    received: list[int] = []
    with serving(behaviour) as url:
        only(kit, origin=Origin(mirror=url.rpartition("/")[0]), progress=received.append)
    assert sum(received) == kit.download_bytes("full")
    assert load_kit("tiny").license == "CC-BY-SA-4.0"


def test_wrong_bytes_of_a_server_are_named_and_what_is_right_is_kept(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    files = served(library)
    bad = next(path for path in files if path.endswith("ride.wav"))
    right, files[bad] = files[bad], files[bad][:-1] + b"x"
    behaviour = Behaviour(files=files)
    with serving(behaviour) as url:
        origin = Origin(mirror=url.rpartition("/")[0])
        with pytest.raises(FetchError, match=r"ride\.wav: wrong bytes: expected"):
            only(kit, origin=origin)
        assert not (data.kits_dir() / "tiny.yaml").exists()
        samples = (tmp_path / "data" / "libraries" / "tiny").rglob("*.*")
        present = {path.name.removesuffix(".part"): path.stat().st_size for path in samples}
        files[bad] = right
        behaviour.requests.clear()
        only(kit, origin=origin)
    assert bad in behaviour.requests
    complete = [path for path, content in files.items() if present.get(path.rpartition("/")[2]) == len(content)]
    assert bad not in complete
    assert len(behaviour.requests) == len(files) - len(complete)


def packed(library: Path, suffix: str) -> bytes:
    """Return an archive of the library, below a folder of its own and with a link."""
    buffer = io.BytesIO()
    files = [path for path in sorted(library.rglob("*")) if path.is_file()]
    if suffix == "zip":
        with zipfile.ZipFile(buffer, "w") as opened:
            for path in files:
                opened.write(path, f"top/{path.relative_to(library).as_posix()}")
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        for path in files:
            tar.add(path, f"./top/{path.relative_to(library).as_posix()}")
        link = tarfile.TarInfo("./top/drums/link.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    content = buffer.getvalue()
    if suffix != "deb":
        return content
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": content}
    return b"!<arch>\n" + b"".join(
        f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode() + body + b"\n" * (len(body) % 2)
        for name, body in members.items()
    )


@pytest.mark.parametrize("suffix", ["zip", "tar.xz", "deb"])
def test_from_an_archive(library: Path, tmp_path: Path, suffix: str) -> None:
    archive = packed(library, suffix)
    about = {"bytes": len(archive), "sha256": hashlib.sha256(archive).hexdigest(), "folder": "top/drums"}
    kit = entry_of(library, tmp_path / "entries", archive=f"https://example.org/a/tiny.{suffix}", **about)
    behaviour = Behaviour(files={f"/tiny.{suffix}": archive}, cut_after=len(archive) // 2 + 1, ranges=True)
    with serving(behaviour) as url:
        only(kit, origin=Origin(mirror=url.rpartition("/")[0]))
        assert only(kit, origin=Origin(mirror=url.rpartition("/")[0])).imported is None
    assert behaviour.starts[0] == 0
    assert all(start > 0 for start in behaviour.starts[1:])
    assert len(behaviour.starts) > 1
    assert load_kit("tiny").attribution == "A. Drummer"
    libraries = tmp_path / "data" / "libraries"
    assert not list(libraries.rglob("link.wav"))
    assert not list(libraries.rglob(f"*.{suffix}"))


def test_an_archive_in_a_folder_must_be_the_one(library: Path, tmp_path: Path) -> None:
    archive = packed(library, "zip")
    about = {"bytes": len(archive), "sha256": hashlib.sha256(archive).hexdigest(), "folder": "top/drums"}
    kit = entry_of(library, tmp_path / "entries", archive="https://example.org/a/tiny.zip", **about)
    with pytest.raises(UsageError, match=r"holds no tiny\.zip"):
        only(kit, origin=Origin(folder=tmp_path))
    (tmp_path / "tiny.zip").write_bytes(archive[:-1] + b"x")
    with pytest.raises(KitError, match=r"tiny\.zip: wrong bytes"):
        only(kit, origin=Origin(folder=tmp_path))
    (tmp_path / "tiny.zip").write_bytes(archive)
    assert only(kit, origin=Origin(folder=tmp_path)).imported is not None


def test_a_kit_made_in_another_way_is_not_replaced(library: Path, tmp_path: Path) -> None:
    kit = entry_of(library, tmp_path / "entries")
    data.kits_dir().mkdir(parents=True)
    own = data.kits_dir() / "tiny.yaml"
    own.write_text("mine")
    with pytest.raises(UsageError, match="was not installed from the catalogue; rename or remove it"):
        only(kit, origin=Origin(folder=library))
    assert own.read_text() == "mine"


@pytest.mark.real
def test_the_command_installs_a_published_kit(raw_kits: Path) -> None:
    words = ["install", "sams_sonor", "--from", str(raw_kits / "sams_sonor")]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output + repr(done.exception)
    assert "CC-BY-SA-4.0" in done.output
    assert "36.5 MB" in done.output
    kit = load_kit("sams_sonor")
    assert (kit.license, kit.attribution) == ("CC-BY-SA-4.0", "Sam Greene (samples), kinwie (SFZ)")
    listed = CliRunner().invoke(command, ["list"]).output.splitlines()
    assert next(line for line in listed if line.split()[0:1] == ["sams_sonor"]).endswith(" found")
