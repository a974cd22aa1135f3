"""Damaged and hostile files: each loader says in one line what is wrong, or makes again what it keeps itself."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stemgmd_tools.audio import read_audio
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.corpus.folder.identity import read_identity
from stemgmd_tools.corpus.folder.records import record_path
from stemgmd_tools.errors import LONGEST_MESSAGE, KitError, StemgmdError
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.performances.cache import load_readings
from stemgmd_tools.performances.gmd.info_csv import read_info
from stemgmd_tools.strict_yaml.parse import parse_yaml

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases" / "damage"
"""Inputs that a fuzzing run found, named by loader and by what escaped."""


def _readings(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMGMD_CACHE", str(folder))
    (folder / "performances").mkdir()
    shutil.copy(file, folder / "performances" / "key.readings")
    assert load_readings("key") is None, "they are read from the MIDI files again"


def _manifest(file: Path, folder: Path) -> None:
    name = "single_hits" if b"articulation" in file.read_bytes()[:30] else "kits"
    read_manifest(shutil.copy(file, folder / f"{name}.{file.name.split('-')[0]}"))


def _drawn(file: Path, folder: Path) -> None:
    table = pytest.importorskip("stemgmd_tools.augment.chain.manifest_rows")
    table.examples_of(read_manifest(shutil.copy(file, folder / "augmentations.csv")))


def _collected(file: Path, folder: Path) -> None:
    from stemgmd_tools.corpus.folder.build_manifests import write_manifests
    from stemgmd_tools.corpus.folder.identity import Identity
    from stemgmd_tools.rendering.settings import RenderSettings

    record_path(folder, "midi", "p0").parent.mkdir(parents=True)
    shutil.copy(file, record_path(folder, "midi", "p0"))
    write_manifests(folder, Identity(RenderSettings(), "folder"))


def _identity(file: Path, folder: Path) -> None:
    shutil.copy(file, folder / "corpus.json")
    read_identity(folder)


def _state(file: Path, folder: Path) -> None:
    checkpoint = pytest.importorskip("stemgmd_tools.separation.training.run.checkpoint")
    checkpoint.read_state(Path(shutil.copy(file, folder / "state.safetensors")))


def _weights(file: Path, _: Path) -> None:
    weights = pytest.importorskip("stemgmd_tools.separation.weights.file")
    weights.training_kits_of(weights.about_weights(file))
    weights.load_weights(file)


LOADERS: dict[str, Callable[[Path, Path], object]] = {
    "flac": lambda file, folder: read_audio(Path(shutil.copy(file, folder / "a.flac"))),
    "otheraudio": lambda file, folder: read_audio(Path(shutil.copy(file, folder / "a.mp3"))),
    "bomb36.flac": lambda file, _: read_audio(file),
    "chain": lambda file, folder: load_chain(str(shutil.copy(file, folder / "larsnet.yaml"))),
    "csv": _manifest,
    "parquet": _manifest,
    "rows": _drawn,
    "record": _collected,
    "identity": _identity,
    "info": lambda file, _: read_info(file.read_bytes(), "info.csv"),
    "map": lambda file, folder: load_kit_file(Path(shutil.copy(file, folder / "tin.yaml"))),
    "state": _state,
    "weights": _weights,
    "wide2.safetensors": _weights,
}


@pytest.mark.real
@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("*") if not path.name.startswith("bank-")))
def test_each_case_of_the_fuzzing_run_is_one_line_or_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = name.split("-", maxsplit=1)[0]
    if kind == "readings":
        _readings(CASES / name, tmp_path, monkeypatch)
        return
    try:
        LOADERS[kind](CASES / name, tmp_path)
    except StemgmdError as error:
        assert len(str(error)) <= LONGEST_MESSAGE
        assert str(error).isprintable()


@pytest.mark.parametrize("text", ["[" * 1_000_000, "{a: " * 200_000, "- " * 100_000 + "x"])
def test_deeply_nested_yaml_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "deep.yaml"
    path.write_text(text)
    with pytest.raises(KitError, match=r"deep\.yaml"):
        parse_yaml(path)


def test_a_bomb_of_aliases_is_one_line(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(KitError, match=r"bomb\.yaml:\d+: stands for more than 1000000 values"):
        parse_yaml(path)


def test_nested_json_in_a_record_is_a_damaged_record(tmp_path: Path) -> None:
    import hashlib

    from stemgmd_tools.corpus.folder.records import read_record

    content = b"[" * 200_000
    path = tmp_path / "a.record"
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    assert read_record(path) is None


def _wide(path: Path, options: dict[str, int], stems: int = 5) -> Path:
    names = [f"stem{number}" for number in range(stems)]
    spec = json.dumps({"model": "larsnet-s", "stems": names, "options": options})
    metadata = {"format": "stemgmd-separator/1", "spec": spec, "about": "{}"}
    header = json.dumps({"__metadata__": metadata}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    return path


@pytest.mark.parametrize(
    ("options", "stems", "said"),
    [
        ({"width": 4_000}, 5, "does not fit model larsnet-s: .* found no such tensor, expected shape"),
        ({"width": 60_000, "temporal": 60_000}, 5, "does not fit model larsnet-s"),
        ({"width": 10**9}, 5, "option width is 1000000000; allowed: 1 to 65536"),
        ({"width": 10**30}, 5, "option width is 1000000.*; allowed: 1 to 65536"),
        ({}, 10_000, "spec has 10,000 stems; they are 1 to 64 different names"),
    ],
)
def test_weights_of_a_few_hundred_bytes_ask_for_no_memory(
    options: dict[str, int], stems: int, said: str, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    from stemgmd_tools.separation.weights.file import load_weights

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StemgmdError, match=said):
        load_weights(_wide(tmp_path / "w.safetensors", options, stems))
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 200, "no tensor is made"
