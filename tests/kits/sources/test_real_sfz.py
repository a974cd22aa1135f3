"""Definitions of public drum libraries: each is read, and holds what regular expressions count in its text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sources.sfz import FORMAT
from stemgmd_tools.kits.sources.sfz.definition.files import LibraryFiles
from stemgmd_tools.kits.sources.sfz.definition.opcodes import Problems
from stemgmd_tools.kits.sources.sfz.library import read_instrument

pytestmark = pytest.mark.real

DIRECTIVE = re.compile(r'#define\s+\$(\w+)\s+(\S+)|#include\s+"([^"]+)"')

STRETCH = 2_000
"""Frames over which levels are compared: 45 ms."""
ROUNDING_DB = 0.1
"""Levels of the softest files differ by their rounding to 16 bits."""
OF_EACH = 4
"""About how many definitions of a library are read to the end."""


class _MissingError(Exception):
    """An included file that is not there."""


@cache
def plain_text(path: Path) -> str:
    """Return a file without comments, read as Latin-1."""
    text = re.sub(r"/\*.*?\*/", " ", path.read_text("latin-1"), flags=re.DOTALL)
    return re.sub(r"//.*", "", text)


def in_any_case(path: Path) -> Path:
    """Return an included file, whose name may be written in another case."""
    if path.is_file():
        return path
    others = [other for other in path.parent.glob("*") if other.name.lower() == path.name.lower()]
    if not others:
        raise _MissingError
    return others[0]


def pieces(path: Path, main: Path, variables: dict[str, str]) -> Iterator[str]:
    """Yield the text of a definition with included files and values of variables put in."""

    def filled(text: str) -> str:
        for name in sorted(variables, key=len, reverse=True) if "$" in text else ():
            text = text.replace(f"${name}", variables[name])
        return text

    text, start = plain_text(path), 0
    for match in DIRECTIVE.finditer(text):
        yield filled(text[start : match.start()])
        start = match.end()
        if match[1]:
            variables[match[1]] = filled(match[2])
            continue
        other = in_any_case(main.parent / filled(match[3]).replace("\\", "/"))
        yield from pieces(other, main, variables)
    yield filled(text[start:])


def counted(path: Path) -> tuple[int, Counter[str]]:
    text = "\n".join(pieces(path, path, {}))
    opcodes = Counter(name.lower() for name in re.findall(r"(?:(?<=\s)|(?<=>)|^)([A-Za-z_][\w$]*)=", text))
    return len(re.findall(r"<region>", text)), opcodes


def _definitions(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".sfz")


def test_every_definition_holds_what_is_counted(raw_kits: Path) -> None:
    for path in _definitions(raw_kits):
        try:
            regions, opcodes = counted(path)
        except _MissingError:
            with pytest.raises(KitError, match="there is no such file"):
                FORMAT.read(path, raw_kits)
            continue
        instrument = read_instrument(LibraryFiles(path), path, Problems())
        assert len(instrument.regions) == regions, path
        assert instrument.opcodes == opcodes, path


def _some(folder: Path) -> Iterator[Path]:
    """Yield some definitions of every library: the first, and others at equal distances."""
    for library in sorted(folder.iterdir()):
        definitions = _definitions(library)
        yield from definitions[:: max(1, len(definitions) // OF_EACH)]


def test_definitions_with_sound_are_libraries(raw_kits: Path) -> None:
    for path in _some(raw_kits):
        try:
            drum_kit = FORMAT.read(path, raw_kits)
        except KitError as error:
            assert re.search(r"no region sounds|there is no such file", str(error)), path
            continue
        assert all(
            sound.path.is_relative_to(drum_kit.folder)
            for region in drum_kit.regions
            for sound in region.sounds.values()
        )
        assert all(
            1 <= region.velocity[0] <= region.velocity[1] <= 127 for region in drum_kit.regions if region.velocity
        )
        assert all(set(region.sounds) <= (set(drum_kit.microphones) or {""}) for region in drum_kit.regions)


def test_sams_sonor_is_complete(raw_kits: Path) -> None:
    path = raw_kits / "sams_sonor" / "SamsSonor.sfz"
    if not path.is_file():
        pytest.skip("another folder of drum libraries")
    drum_kit = FORMAT.read(path, raw_kits)
    assert all(sound.path.is_file() for region in drum_kit.regions for sound in region.sounds.values())
    kick = [region for region in drum_kit.regions if region.keys == (36,)]
    assert [region.velocity for region in kick][:2] == [(1, 30), (31, 45)]
    assert [sound.start_frame for region in kick for sound in region.sounds.values()][:2] == [1070, 546]
    assert drum_kit.ignored == {"note_polyphony": 7, "off_shape": 2}


def _level_db(path: Path, start: int) -> float:
    """Return the mean power of a short stretch from the attack on."""
    pcm, _ = soundfile.read(path, always_2d=True, start=start, frames=22_050)
    loud = np.abs(pcm).max(axis=1)
    attack = int(np.argmax(loud > loud.max() / 4.0))
    return float(10.0 * np.log10((pcm[attack : attack + STRETCH] ** 2).mean()))


def test_levels_are_those_of_the_player(raw_kits: Path, kits_dir: Path) -> None:
    """Each file of the kit made for tests is as loud as the player makes its sample at the top of its range."""
    derived = kits_dir / "sams_sonor"
    path = raw_kits / "sams_sonor" / "SamsSonor.sfz"
    if not path.is_file() or not derived.is_dir():
        pytest.skip("another folder of drum libraries")
    regions = {
        sound.path.name: (sound, region.velocity_gain_db or (0.0, 0.0))
        for region in FORMAT.read(path, raw_kits).regions
        for sound in region.sounds.values()
    }
    differences = []
    for row in json.loads((derived / "kit.json").read_text(encoding="utf-8"))["samples"]:
        sound, (_, gain_db) = regions[Path(row["source_files"][0]).name]
        played_db = _level_db(sound.path, sound.start_frame) + sound.gain_db + gain_db
        differences.append(_level_db(derived / row["file"], 0) - played_db)
    assert len(differences) == 65
    assert np.ptp(differences) < ROUNDING_DB
