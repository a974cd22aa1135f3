"""Read a drum library from its SFZ definition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, DrumLibrary, Microphone
from stemgmd_tools.kits.sources.sfz.controllers import Controllers, parse_controllers
from stemgmd_tools.kits.sources.sfz.definition.files import LibraryFiles
from stemgmd_tools.kits.sources.sfz.definition.instrument import Instrument, collect
from stemgmd_tools.kits.sources.sfz.definition.opcodes import Problems, ignored
from stemgmd_tools.kits.sources.sfz.definition.scan import Scanner
from stemgmd_tools.kits.sources.sfz.layers import Layer, LayerReader
from stemgmd_tools.kits.sources.sfz.microphones import Microphones
from stemgmd_tools.kits.sources.sfz.openness import HatController, Span, hat_controllers, span_of
from stemgmd_tools.kits.sources.sfz.regions import regions
from stemgmd_tools.kits.sources.sfz.selection import Selection
from stemgmd_tools.kits.sources.sfz.strokes import strokes, takes_apart
from stemgmd_tools.storage.paths import leads_out

SUFFIX: Final = ".sfz"
_DEPTH: Final = 3
_MOST_SHOWN: Final = 6
_MOST_FOLDERS: Final = 1_000
_WHOLE_KIT: Final = frozenset({"all", "kit", "full kit", "full-kit", "full_kit", "drumkit", "drum kit"})
"""Names of the definition to read where a folder has several."""
_ABOUT: Final = re.compile(
    r"^\s*(?://[/+\s]*|[*\s]*)(author|license|licence|url|homepage|name)\s*:\s*(\S.*?)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD: Final = 4_096
"""Characters of a definition in which its author and licence are looked for."""


def accepts(path: Path) -> bool:
    """Return whether a path is an SFZ definition or a folder with some."""
    if path.is_dir():
        return next(_definitions(path), None) is not None
    return path.suffix.lower() == SUFFIX


def read(path: Path, _sounds: Path, controllers: str = "") -> DrumLibrary:
    """Read a library.

    :param path: a definition, or a folder that holds exactly one that no other includes.
    :param controllers: values of controllers, see :func:`parse_controllers`.
    :raises KitError: if it cannot be used.
    :raises UsageError: if ``controllers`` has another form.
    """
    values = parse_controllers(controllers)
    main = _main(path) if path.is_dir() else path
    files = LibraryFiles(main, path if path.is_dir() else None)
    problems = Problems()
    instrument = read_instrument(files, main, problems)
    instrument.controllers.update(values)
    at_rest = Controllers(instrument, problems)
    hats = hat_controllers(instrument, at_rest, problems)
    layers = _layers(instrument, files, at_rest, hats, problems)
    name = shown(main.name)
    resting = at_rest.value(hats[0].number) * 127.0 if hats else 0.0
    playing = takes_apart(list(strokes(layers, resting, name, problems)), problems)
    microphones = Microphones(instrument, playing)
    result = regions(playing, microphones, hats[0] if hats else None, instrument, problems)
    if not result:
        raise KitError(f"{name}: no region sounds ({_why(instrument, problems)}); give a definition of a drum kit")
    names = list(dict.fromkeys(microphone for region in result for microphone in region.sounds))
    if files.renamed:
        problems.add("samples were found in another audio format than the definition says", name, files.renamed)
    about = _about(files.text(main, name))
    return DrumLibrary(
        folder=files.folder,
        regions=result,
        title=about.get("name", main.stem),
        license=about.get("license", ""),
        attribution=about.get("author", ""),
        source_url=about.get("url", ""),
        microphones={} if names == [ONLY_MICROPHONE] else {microphone: Microphone() for microphone in names},
        key_names=dict(instrument.key_names),
        ignored=ignored(instrument.opcodes),
        notices=problems.notices(),
    )


def read_instrument(files: LibraryFiles, main: Path, problems: Problems) -> Instrument:
    """Return all that a definition and the files it includes say.

    :raises KitError: if a file is missing or the definition is too large.
    """
    scanner = Scanner(files)
    instrument = collect(scanner.tokens(main), problems)
    for name, place in list(scanner.undefined.items())[:_MOST_SHOWN]:
        problems.add(f"variable ${name} has no value", place)
    if scanner.stray:
        problems.add("words that belong to no opcode were left out", shown(main.name), scanner.stray)
    return instrument


def _layers(
    instrument: Instrument,
    files: LibraryFiles,
    controllers: Controllers,
    hats: Sequence[HatController],
    problems: Problems,
) -> list[tuple[Layer, Span | None]]:
    """Return the layers that sound, each with its range of the hi-hat's controller."""
    selection = Selection(instrument, controllers, hats[:1], problems)
    reader = LayerReader(files, controllers, problems)
    layers = []
    for written in instrument.regions:
        switches = selection.switches(written)
        layer = None if switches is None else reader.layer(written, switches)
        if layer is not None:
            layers.append((layer, span_of(written, hats[0].number, problems) if hats else None))
    return layers


def _why(instrument: Instrument, problems: Problems) -> str:
    if not instrument.regions:
        return "it has no <region>"
    return next(iter(problems.notices()), "all are silent")


def _about(text: str) -> dict[str, str]:
    """Return what comments at the head of a definition say about its origin."""
    names = {"licence": "license", "homepage": "url"}
    values: dict[str, str] = {}
    for name, value in _ABOUT.findall(text[:_HEAD]):
        values.setdefault(names.get(name.lower(), name.lower()), shown(value)[:200])
    return values


def _definitions(folder: Path) -> Iterator[Path]:
    """Yield the definitions in a folder and up to three folders down, those above first."""
    level = [folder]
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for at in level:
            try:
                entries = sorted(at.iterdir())
            except OSError:
                continue
            for entry in entries:
                if entry.suffix.lower() == SUFFIX and _is(entry.is_file):
                    if not leads_out(folder, entry.relative_to(folder).as_posix()):
                        yield entry
                elif not entry.is_symlink() and _is(entry.is_dir):
                    below.append(entry)
        level = below[:_MOST_FOLDERS]


def _is(test: Callable[[], bool]) -> bool:
    """Return whether a test of a path succeeds; False for what may not be looked at."""
    try:
        return test()
    except OSError:
        return False


def _main(folder: Path) -> Path:
    """Return the only definition in the uppermost folder that has one.

    :raises KitError: if there are none or several.
    """
    definitions = list(_definitions(folder))
    if not definitions:
        raise KitError(f"{shown(folder.name)}: no .sfz file in it or up to {_DEPTH} folders down")
    depth = min(len(path.parts) for path in definitions)
    upper = [path for path in definitions if len(path.parts) == depth]
    whole = [path for path in upper if path.stem.casefold() in {folder.resolve().name.casefold(), *_WHOLE_KIT}]
    if len(upper) > 1 and len(whole) != 1:
        names = ", ".join(shown(path.relative_to(folder)) for path in upper[:_MOST_SHOWN])
        more = f" and {len(upper) - _MOST_SHOWN} more" if len(upper) > _MOST_SHOWN else ""
        raise KitError(f"{shown(folder.name)}: holds several SFZ definitions ({names}{more}); name the one to read")
    return upper[0] if len(upper) == 1 else whole[0]
