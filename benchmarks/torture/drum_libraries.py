"""Whole drum libraries, their sounds included, that are imported; around them lies what an import may not touch."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.torture.soundfont_kits import MONO, VORBIS, Font, Sample, soundfont, span
from benchmarks.torture.watch import watched
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.checks.run import check_kit
from stemgmd_tools.kits.importing.options import ImportOptions
from stemgmd_tools.kits.importing.run import import_kit
from stemgmd_tools.kits.sample_map.kit import load_kit_file, sample_files
from stemgmd_tools.kits.sources.sfz.definition.limits import LEVELS_UP

RATE = 22_050
SOUNDS = {"kick_soft": 36, "kick_hard": 36, "snare": 38, "hat_closed": 42, "hat_open": 46}
LIBRARY = "library"
"""The folder of each library; it is two folders below what is copied."""
_SFZ = {
    "kit.sfz": """// License: CC0-1.0
#define $EXT wav
#include "maps/hats.sfz"
<control> default_path=samples/
<group> key=36 group=1 off_by=2
<region> sample=kick_soft.$EXT hivel=63 offset=10 volume=-3
<region> sample=kick_hard.$EXT lovel=64 tune=50
<region> sample=snare.$EXT key=38 pan=-20 end=900
<region> sample=link_out.wav key=45
<region> sample=folder_out/secret.wav key=47
<region> sample=pipe.wav key=48
<region> sample=system.wav key=50
<region> sample=system/passwd key=52
""",
    "maps/hats.sfz": "<group> sample=samples/hat_closed.wav\n<region> key=42\n"
    "<region> key=46 sample=samples/hat_open.wav\n",
}
_HYDROGEN = """<?xml version="1.0" encoding="UTF-8"?>
<drumkit_info xmlns="http://www.hydrogen-music.org/drumkit"><name>toy</name><license>CC0</license><instrumentList>
{}</instrumentList></drumkit_info>
"""
_INSTRUMENT = (
    " <instrument><id>{}</id><name>{}</name><volume>0.8</volume><midiOutNote>{}</midiOutNote>"
    "<layer><filename>samples/{}.wav</filename><min>0</min><max>1</max><gain>1</gain></layer></instrument>\n"
)
_DRUMGIZMO = """<drumkit version="2.0"><metadata><title>toy</title></metadata>
<channels><channel name="Left"/><channel name="Right"/></channels><instruments>
{}</instruments></drumkit>
"""
_PLAYED = ' <instrument name="{0}" file="{0}.xml"/>\n'
_STROKE = (
    '<instrument name="{0}"><samples><sample name="s" power="0.5">'
    '<audiofile channel="Left" file="samples/{0}.wav" filechannel="1"/>'
    '<audiofile channel="Right" file="samples/{0}.wav" filechannel="2"/></sample></samples></instrument>\n'
)


_PARTS = frozenset(f"{name}.xml" for name in SOUNDS)
"""Instruments of DrumGizmo, which are not imported by themselves."""


def _sound(number: int) -> np.ndarray:
    times = np.arange(1500) / RATE
    return 0.5 * np.cos(2 * np.pi * (200 + 70 * number) * times) * np.exp(-40 * times)


def write_libraries(material: Path) -> dict[str, Path]:
    """Write a library of each format, with links that lead out; return the file or folder to import."""
    root = material / "imports"
    shutil.rmtree(root, ignore_errors=True)
    for name in ("sfz", "hydrogen", "drumgizmo", "folder", "table", "soundfont", "archive", "links"):
        folder = root / name / "place" / LIBRARY
        (folder / "samples").mkdir(parents=True)
        for number, sound in enumerate(SOUNDS):
            pcm = _sound(number)
            pcm = np.stack([pcm, -0.5 * pcm], axis=1) if name == "drumgizmo" else pcm
            soundfile.write(folder / "samples" / f"{sound}.wav", pcm, RATE)
        _surround(folder)
    paths = {name: root / name / "place" / LIBRARY for name in ("sfz", "hydrogen", "drumgizmo", "folder")}
    for name, text in _SFZ.items():
        (paths["sfz"] / name).parent.mkdir(exist_ok=True)
        (paths["sfz"] / name).write_text(text)
    rows = [_INSTRUMENT.format(number, name, note, name) for number, (name, note) in enumerate(SOUNDS.items())]
    (paths["hydrogen"] / "drumkit.xml").write_text(_HYDROGEN.format("".join(rows)))
    (paths["drumgizmo"] / "kit.xml").write_text(_DRUMGIZMO.format("".join(map(_PLAYED.format, SOUNDS))))
    for name in SOUNDS:
        (paths["drumgizmo"] / f"{name}.xml").write_text(_STROKE.format(name))
    table = "".join(f"samples/{name}.wav,{name.replace('_', ' ')}\n" for name in SOUNDS)
    (root / "table" / "place" / LIBRARY / "kit.csv").write_text(f"file,articulation\n{table}")
    return {
        "sfz": paths["sfz"] / "kit.sfz",
        "hydrogen": paths["hydrogen"] / "drumkit.xml",
        "drumgizmo": paths["drumgizmo"] / "kit.xml",
        "folder": paths["folder"],
        "links": root / "links" / "place" / LIBRARY / "samples" / "snare.wav",
        "table": root / "table" / "place" / LIBRARY / "kit.csv",
        "soundfont": _write_bank(root / "soundfont" / "place" / LIBRARY, "sf2"),
        "soundfont3": _write_bank(root / "soundfont" / "place" / LIBRARY, "sf3"),
        "archive": _pack(root / "archive" / "place" / LIBRARY, paths["hydrogen"]),
    }


def _surround(folder: Path) -> None:
    """Put files beside a library that it may not read, and links to them inside."""
    secret = folder.parent / "secret.wav"
    soundfile.write(secret, np.full(3000, 0.25), RATE)
    (folder.parent / "secret.sfz").write_text("<region> sample=secret.wav key=36\n")
    (folder / "samples" / "link_out.wav").symlink_to("../../secret.wav")
    (folder / "samples" / "folder_out").symlink_to("../..")
    (folder / "samples" / "circle").symlink_to("..")
    (folder / "samples" / "system.wav").symlink_to("/etc/passwd")
    (folder / "samples" / "system").symlink_to("/etc")
    (folder / "LICENSE").symlink_to("/etc/passwd")
    if folder.parents[1].name == "links":
        for name in ("kit.sfz", "drumkit.xml", "toy.xml", "kit.csv", "kit.sf2"):
            (folder.parent / name).write_text("<region> sample=secret.wav key=36\n")
            (folder / name).symlink_to(f"../{name}")


def _write_bank(folder: Path, suffix: str) -> Path:
    noise = [np.rint(_sound(number)[:600] * 20_000).astype(int) for number in range(len(SOUNDS))]
    kind = MONO if suffix == "sf2" else VORBIS
    pcm = noise if suffix == "sf2" else [np.frombuffer(_vorbis(one), np.uint8) for one in noise]
    samples = [Sample(name, one, RATE, kind=kind) for name, one in zip(SOUNDS, pcm, strict=True)]
    zones = [[(43, span(note, note)), (53, number)] for number, note in enumerate(SOUNDS.values())]
    path = folder / f"kit.{suffix}"
    path.write_bytes(soundfont(Font(samples, {"Drums": zones}, {("Standard", 128, 0): [[(41, 0)]]})))
    return path


def _vorbis(pcm: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, pcm.astype(np.int16), RATE, format="OGG", subtype="VORBIS")
    return buffer.getvalue()


def _pack(folder: Path, hydrogen: Path) -> Path:
    path = folder / "kit.h2drumkit"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        for file in (hydrogen / "drumkit.xml", *sorted(hydrogen.glob("samples/*.wav"))):
            if not file.is_symlink():
                opened.add(file, f"kit/{file.relative_to(hydrogen).as_posix()}")
    path.write_bytes(buffer.getvalue())
    return path


def imported(path: Path) -> object:
    """Import a library, of which any file may be damaged, check it and compile its bank.

    :raises ValueError: if something outside the library is read, or is in the kit.
    """
    library = next(folder for folder in path.parents if folder.name == LIBRARY)
    pipe = library / "samples" / "pipe.wav"
    if not pipe.exists():
        os.mkfifo(pipe)  # copies of folders have none
    out = library.parents[1] / "out"
    out.mkdir(exist_ok=True)
    is_part = path.parent != library or path.suffix == ".wav"
    source = library if is_part else path.with_name("kit.xml") if path.name in _PARTS else path
    options = ImportOptions(overrides={}, replace=True)
    top = library.parents[LEVELS_UP - 1] if source.suffix == ".sfz" else library  # SFZ names files beside its folder
    with watched(top, out):
        import_kit(source, out / "kit.yaml", options)
        kit = load_kit_file(out / "kit.yaml")
        for file in sample_files(kit.map):
            place = Path(os.path.realpath(out / "kit" / file.name))
            if not place.is_relative_to(top.resolve()) and not place.is_relative_to(out.resolve()):
                raise ValueError(f"a sound outside of the library: {place}")
        check_kit(kit)
        bank = compile_bank(kit, 44_100, io.BytesIO())
    left = [entry.name for entry in out.iterdir() if entry.name not in ("kit", "kit.yaml")]
    if left:
        raise ValueError(f"leaves {left}")
    return bank


def imported_by_command(path: Path) -> object:
    """Import a library as a user does.

    :raises ValueError: if the command fails in another way than with one line, or leaves something half done.
    """
    library = next(folder for folder in path.parents if folder.name == LIBRARY)
    data = library.parents[1] / "data"
    words = [sys.executable, "-m", "stemgmd_tools.cli.main", "kits", "import", str(path), "--name", "kit", "--replace"]
    done = subprocess.run(
        words,
        env={**os.environ, "STEMGMD_DATA": str(data)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    lines = done.stderr.splitlines()
    if "Traceback" in done.stderr or done.returncode not in (0, 1, 2) or (done.returncode and len(lines) != 1):
        raise ValueError(f"exit code {done.returncode}: {lines[-1] if lines else ''}")
    there = {entry.name for entry in (data / "kits").iterdir()} if (data / "kits").is_dir() else set()
    if there != ({"kit", "kit.yaml"} if done.returncode == 0 else set()):
        raise ValueError(f"exit code {done.returncode}, and leaves {sorted(there)}")
    return done.returncode
