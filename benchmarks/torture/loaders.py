"""Everything that reads a file, each with sound files to damage and, where checksums exist, what must come of it."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from benchmarks.torture.archives import (
    Gzipped,
    TarHeaders,
    installed,
    unpacked,
    write_archives,
    write_hostile_archives,
)
from benchmarks.torture.codecs import PLAIN, Codec, SafetensorsHeader, Sealed
from benchmarks.torture.drum_libraries import imported, imported_by_command, write_libraries
from benchmarks.torture.sfz_kits import read_sfz, write_sfz
from benchmarks.torture.soundfont_kits import write_soundfont, write_table
from benchmarks.torture.watch import watched
from benchmarks.torture.xml_kits import write_drumgizmo, write_hydrogen, write_packed_hydrogen
from stemgmd_tools.audio import TrackReader, read_audio
from stemgmd_tools.augment.chain import chain
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.chain.impulse_responses import response
from stemgmd_tools.augment.chain.manifest_rows import read_drawn
from stemgmd_tools.corpus.folder.identity import read_identity
from stemgmd_tools.corpus.folder.records import read_record
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.data import shipped
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.sources import drumgizmo, folder, hydrogen, soundfont
from stemgmd_tools.kits.sources.base import KitFormat
from stemgmd_tools.manifest.files import read_manifest
from stemgmd_tools.performances.cache import load_readings
from stemgmd_tools.performances.folder import read_folder
from stemgmd_tools.performances.gmd.dataset import read_gmd
from stemgmd_tools.performances.gmd.unpack import unpack
from stemgmd_tools.performances.mapped_midi import mapped_midi
from stemgmd_tools.separation.training.run.checkpoint import read_state
from stemgmd_tools.separation.training.settings.files import read_config
from stemgmd_tools.separation.weights.file import about_weights, load_weights, training_kits_of

RATE = 44_100
_OF_IMPORTS = 0.2
_OF_COMMANDS = 0.005
"""Shares of what takes a tenth of a second, and of what takes two seconds."""


@dataclass(frozen=True, slots=True)
class Loader:
    """One way of reading files."""

    name: str
    files: tuple[Path, ...]
    """Sound files; each is damaged in a copy of the folder that it is in."""
    call: Callable[[Path], object]
    text: bool = False
    """Whether numbers, words and lines are changed as such."""
    codec: Codec = PLAIN
    above: int = 0
    """How many folders above its own have to be copied with a file."""
    share: float = 1.0
    """How many trials there are beside those of the others."""
    fresh: bool = False
    """Whether a call changes the folder, so that each needs a new copy."""
    promised: Callable[[object], str | None] | None = None
    """Of files with checksums: a digest of what was read, which damage may not change; None if nothing was read."""


def loaders(material: Path) -> tuple[Loader, ...]:
    """Return all loaders with files below a folder of material."""
    return (
        *_performances(material),
        *_kits(material),
        *_drum_libraries(material),
        *_imports(material),
        *_corpora(material),
        *_augmentations(material),
        *_training(material),
    )


def _performances(material: Path) -> Sequence[Loader]:
    gmd = material / "gmd"
    return (
        Loader("MIDI file", tuple(sorted(gmd.rglob("*.mid"))), _midi),
        Loader("info.csv", (gmd / "info.csv",), lambda path: read_gmd(path.parent, use_cache=False), text=True),
        Loader("zip of GMD", (material / "archive" / "groove.zip",), lambda path: read_gmd(path, use_cache=False)),
        Loader("zip, unpacked", (material / "archive" / "groove.zip",), _unpacked, fresh=True),
        Loader(
            "performance cache",
            _some(material / "cache", "performances/*.readings"),
            _readings,
            above=1,
            promised=_repr,
        ),
    )


def _kits(material: Path) -> Sequence[Loader]:
    wav, flac = material / "kits", material / "flac_kits"
    bank = _some(material / "cache", "banks/tin-*/*")
    return (
        Loader("sample map", (wav / "tin.yaml", flac / "glass.yaml"), _map, text=True),
        Loader("sample map of a modelled kit", (_modelled(material),), load_kit_file, text=True),
        Loader("one-shot, WAV", _some(wav, "tin/*.wav")[:4], lambda path: _compiled(path, "tin"), above=1),
        Loader("one-shot, FLAC", _some(flac, "glass/*.flac")[:4], lambda path: _compiled(path, "glass"), above=1),
        Loader("bank", bank, lambda path: _bank(path, wav / "tin.yaml"), above=2, fresh=True, promised=_sounds),
    )


def _drum_libraries(material: Path) -> Sequence[Loader]:
    kit = write_drumgizmo(material / "drumgizmo")
    plain, compressed = write_packed_hydrogen(material / "h2drumkit")
    definition, map_, instruments = kit[0], kit[-1], kit[1:-1]
    main, *included = write_sfz(material)
    return (
        Loader("kit of Hydrogen", (write_hydrogen(material / "hydrogen"),), _hydrogen, text=True),
        Loader("archive of a Hydrogen kit", (compressed,), _hydrogen, fresh=True),
        Loader("archive of a Hydrogen kit, plain", (plain,), _hydrogen, fresh=True, text=True),
        Loader(
            "kit of DrumGizmo",
            (definition, map_),
            lambda path: _library(drumgizmo.FORMAT, path.with_name("toy.xml")),
            text=True,
        ),
        Loader(
            "instrument of DrumGizmo",
            instruments,
            lambda path: _library(drumgizmo.FORMAT, path.parents[1] / "toy.xml"),
            text=True,
            above=1,
        ),
        Loader("SFZ definition", (main,), read_sfz, text=True, above=3),
        Loader("SFZ, included file", tuple(included), read_sfz, text=True, above=4),
        Loader(
            "SoundFont",
            (write_soundfont(material / "soundfont"),),
            lambda path: _library(soundfont.FORMAT, path),
            fresh=True,
        ),
        Loader(
            "table of one-shots",
            (write_table(material / "table"),),
            lambda path: _library(folder.FORMAT, path),
            text=True,
        ),
    )


def _imports(material: Path) -> Sequence[Loader]:
    """Return whole imports and installations, from the publisher's files to a compiled kit."""
    kits = write_libraries(material)
    sounds = tuple(sorted(path for path in (kits["folder"] / "samples").glob("*_*.wav") if not path.is_symlink()))
    tar, gz, xz, deb, plain_deb, zip_ = write_archives(material, kits["sfz"])
    hostile = write_hostile_archives(material)
    one = {"fresh": True, "above": 2, "share": _OF_IMPORTS}
    definitions = (kits["sfz"], kits["hydrogen"], kits["drumgizmo"], kits["soundfont"], kits["table"], kits["archive"])
    return (
        Loader("import of SFZ", (kits["sfz"], kits["sfz"].parent / "maps" / "hats.sfz"), imported, text=True, **one),
        Loader("import of Hydrogen", (kits["hydrogen"],), imported, text=True, **one),
        Loader("import of an archive of Hydrogen", (kits["archive"],), imported, codec=Gzipped(), **one),
        Loader(
            "import of DrumGizmo",
            (kits["drumgizmo"], *sorted(kits["drumgizmo"].parent.glob("[a-z]*_*.xml"))),
            imported,
            text=True,
            **one,
        ),
        Loader("import of a SoundFont", (kits["soundfont"], kits["soundfont3"]), imported, **one),
        Loader("import of a folder", sounds, imported, fresh=True, above=3, share=_OF_IMPORTS),
        Loader("import of a folder with links", (kits["links"],), imported, fresh=True, above=3, share=_OF_IMPORTS / 4),
        Loader("import of a table", (kits["table"],), imported, text=True, **one),
        Loader("kits import, as a command", definitions, imported_by_command, fresh=True, above=2, share=_OF_COMMANDS),
        Loader("archive of a library", (tar, gz, xz, deb, plain_deb, zip_), unpacked, fresh=True),
        Loader("archive of a library, headers", (tar,), unpacked, text=True, codec=TarHeaders(), fresh=True),
        Loader(
            "hostile archive",
            tuple(path for path in hostile if path.suffix != ".gz"),
            unpacked,
            codec=TarHeaders(),
            fresh=True,
        ),
        Loader(
            "hostile archive, compressed",
            (*(path for path in hostile if path.suffix == ".gz"), gz),
            unpacked,
            text=True,
            codec=Gzipped(),
            fresh=True,
        ),
        Loader("kits install, unverified archive", (tar, gz, deb, zip_), installed, fresh=True),
    )


def _corpora(material: Path) -> Sequence[Loader]:
    corpus, augmented = material / "corpus", material / "augmented"
    records = (*_some(corpus, ".stemgmd/*/**/*.record")[:12], *_some(augmented, ".stemgmd/stems/**/*.record")[:2])
    return (
        Loader("corpus.json", (corpus / "corpus.json", augmented / "corpus.json"), _identity, text=True),
        Loader("record", records, read_record, promised=_repr),
        Loader("record, sealed anew", records, read_record, text=True, codec=Sealed()),
        Loader(
            "manifest, CSV",
            _some(augmented, "manifests/*.csv") + _some(corpus, "manifests/*.csv"),
            read_manifest,
            text=True,
        ),
        Loader(
            "manifest, Parquet",
            _some(augmented, "manifests/*.parquet") + _some(corpus, "manifests/*.parquet"),
            read_manifest,
        ),
        Loader("stem of a corpus, FLAC", _some(corpus, "audio/*/*/*/*/kick.flac"), _stem, above=5, promised=_pcm),
    )


def _augmentations(material: Path) -> Sequence[Loader]:
    rows = material / "augmented" / "manifests"
    chains = _some(Path(chain.__file__).parent / "chains", "*.yaml")
    return (
        Loader("chain", chains, load_chain, text=True),
        Loader("rows to replay, CSV", (rows / "augmentations.csv",), read_drawn, text=True),
        Loader("rows to replay, Parquet", (rows / "augmentations.parquet",), read_drawn),
        Loader(
            "impulse response",
            _some(material, "kits/tin/*.wav")[:2],
            lambda path: response(path.parent, path.stem, RATE),
        ),
        Loader(
            "sound to separate",
            (material / "sounds" / "drums.wav", *_some(material, "flac_kits/glass/*.flac")[:1]),
            _sound,
        ),
    )


def _training(material: Path) -> Sequence[Loader]:
    run = material / "run"
    return (
        Loader("training settings", (run / "config.yaml",), read_config, text=True),
        Loader("training state", (run / "state.safetensors",), read_state),
        Loader(
            "training state, header", (run / "state.safetensors",), read_state, text=True, codec=SafetensorsHeader()
        ),
        Loader("weights", (run / "last.safetensors",), _weights),
        Loader("weights, header", (run / "last.safetensors",), _weights, text=True, codec=SafetensorsHeader()),
    )


def _some(folder: Path, pattern: str) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob(pattern)))


def _modelled(material: Path) -> Path:
    """Return a map of a kit that ships, cut down to one voice."""
    path = material / "modelled" / "cedar_hall.yaml"
    if not path.is_file():
        (whole,) = shipped("sample_maps").rglob("cedar_hall.yaml")
        content = yaml.safe_load(whole.read_text(encoding="utf-8"))
        content["articulations"] = {
            name: sound if name == "kick" else {"fallback": {"articulation": "kick"}}
            for name, sound in content["articulations"].items()
        }
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def _hydrogen(path: Path) -> object:
    return _library(hydrogen.FORMAT, path)


def _library(form: KitFormat, path: Path) -> object:
    """Read a drum library, all of whose sounds have to lie in its folder."""
    with watched(path.parent):
        form.accepts(path)
        library = form.read(path, path.parent / "unpacked")
    for sound in (sound for region in library.regions for sound in region.sounds.values()):
        if not sound.path.resolve().is_relative_to(library.folder.resolve()):
            raise ValueError(f"{sound.path} lies outside of {library.folder}")
    return library


def _midi(path: Path) -> object:
    return [mapped_midi(one) for one in read_folder(path.parent)]


def _unpacked(path: Path) -> object:
    folder = path.parent / "unpacked"
    folder.mkdir()
    return unpack(path, folder)


def _readings(path: Path) -> object:
    os.environ["STEMGMD_CACHE"] = str(path.parents[1])  # of a process that does nothing else
    return load_readings(path.stem)


def _repr(loaded: object) -> str | None:
    return None if loaded is None else hashlib.sha256(repr(loaded).encode()).hexdigest()


def _map(path: Path) -> object:
    kit = load_kit_file(path)
    return compile_bank(kit, RATE, io.BytesIO())


def _compiled(path: Path, kit: str) -> object:
    return compile_bank(load_kit_file(path.parents[1] / f"{kit}.yaml"), RATE, io.BytesIO())


def _bank(path: Path, kit_map: Path) -> object:
    """Open a bank; a damaged one is built again."""
    return open_bank(load_kit_file(kit_map), RATE, cache=path.parents[2])


def _sounds(loaded: object) -> str | None:
    if not isinstance(loaded, Bank):
        return None
    sounds = (loaded.one_shot(row).tobytes() for row in range(len(loaded.samples)))
    return hashlib.sha256(b"".join(sounds) + loaded.gain.tobytes()).hexdigest()


def _stem(path: Path) -> object:
    root = path.parents[5]
    kit, *performance, stem = path.relative_to(root / "audio").with_suffix("").parts
    return Corpus(root).stems("/".join(performance), kit, pieces=[stem])


def _pcm(loaded: object) -> str | None:
    return hashlib.sha256(np.asarray(loaded).tobytes()).hexdigest()


def _identity(path: Path) -> object:
    return read_identity(path.parent)


def _sound(path: Path) -> object:
    with TrackReader(path) as reader:
        for block in reader.blocks(1 << 16):
            if not np.isfinite(block).all():
                raise ValueError("samples that are no numbers")
    return read_audio(path)


def _weights(path: Path) -> object:
    training_kits_of(about_weights(path))
    return load_weights(path)
