"""``stemgmd kits import``: make a kit of a drum library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.cli.kits.table import spread, table
from stemgmd_tools.cli.support.paths import LocalPath

if TYPE_CHECKING:
    from stemgmd_tools.kits.importing.build_map import ImportedKit
    from stemgmd_tools.kits.importing.options import ImportOptions
    from stemgmd_tools.kits.importing.voices import Voice
    from stemgmd_tools.kits.sample_map.schema import KitMap

_KIT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_]*")
_COLUMNS: Final = ("articulation", "layers", "takes", "openness", "from", "why")
_IGNORED_SHOWN: Final = 12
_UNUSED_SHOWN: Final = 20


class ImportCommand(click.Command):
    """A command whose help lists the formats that are declared."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the formats and their options."""
        from stemgmd_tools.kits.importing.run import kit_formats

        with formatter.section("Formats"):
            formatter.write_dl([(one.name, one.description) for one in kit_formats()])
        options = [(f"{one.name}: {name}", text) for one in kit_formats() for name, text in one.options.items()]
        with formatter.section("Options of formats"):
            formatter.write_dl(options)


@click.command("import", cls=ImportCommand)
@click.argument("source")
@click.option("--name", metavar="NAME", help="Name of the kit, of a-z, 0-9 and _.  [default: from SOURCE]")
@click.option(
    "--map",
    "overrides",
    multiple=True,
    metavar="NOTE=ARTICULATION",
    help="Articulation of a note or a name of the library, or `none`; repeatable. Overrides every guess.",
)
@click.option(
    "--option",
    "format_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Option of the format, such as `preset=128:8` of a SoundFont or `pattern=...` of a folder; repeatable.",
)
@click.option("--mics", metavar="NAME=DB,...", help="Gains of microphones in dB, or `off`, such as room=-6,overhead=0.")
@click.option(
    "--velocity-curve",
    type=click.Choice(["smooth", "recorded"]),
    default="smooth",
    show_default=True,
    help="Level over velocity: one curve through the layers that never falls, or each layer as loud as recorded.",
)
@click.option("--license", metavar="SPDX", help="Licence of the samples.  [default: as found]")
@click.option("--attribution", metavar="TEXT", help="Whom to credit for the samples.  [default: as found]")
@click.option("--copy", is_flag=True, help="Copy the samples instead of linking to their folder.")
@click.option(
    "--out",
    type=LocalPath(),
    metavar="NAME.yaml",
    help="Sample map to write, with its samples beside it.  [default: NAME.yaml among your imported kits]",
)
@click.option("--replace", is_flag=True, help="Replace an imported kit of the same name.")
def import_kit(source: str, name: str | None, out: Path | None, **options: Any) -> None:
    """Import a drum library as a kit.

    SOURCE is the file that defines the library (SFZ, Hydrogen, DrumGizmo, SoundFont), a folder of one-shots, or the
    name of a kit that Hydrogen has installed. The kit can be used at once wherever kits are named, such as in
    `render --kits NAME`.
    """
    from stemgmd_tools import data
    from stemgmd_tools.kits.importing.run import find_source
    from stemgmd_tools.kits.importing.run import import_kit as run

    path = find_source(source)
    map_file = out or data.kits_dir() / f"{name or _name_of(path)}.yaml"
    check_name(map_file, name)
    imported = run(path, map_file, _import_options(options))
    click.echo("\n".join(_report(imported)))
    click.echo(f"map: {map_file}")
    click.echo(f"use it: stemgmd render --kits {imported.map.name if out is None else map_file}")


def _import_options(options: Mapping[str, Any]) -> ImportOptions:
    from stemgmd_tools.kits.importing.assign import parse_overrides
    from stemgmd_tools.kits.importing.options import ImportOptions, parse_microphones, parse_options

    return ImportOptions(
        overrides=parse_overrides(options["overrides"]),
        format_options=parse_options(options["format_options"]),
        metadata={key: options[key] for key in ("license", "attribution") if options[key]},
        microphones_db=parse_microphones(options["mics"]) if options["mics"] else None,
        velocity_curve=options["velocity_curve"],
        copy=options["copy"],
        replace=options["replace"],
    )


def _name_of(source: Path) -> str:
    source = source.absolute()
    name = re.sub(r"[^a-z0-9]+", "_", (source.name if source.is_dir() else source.stem).lower()).strip("_")
    return name or "kit"


def check_name(map_file: Path, name: str | None) -> None:
    """Check the name of a new kit; raises :class:`UsageError`."""
    from stemgmd_tools import data
    from stemgmd_tools.errors import UsageError
    from stemgmd_tools.kits.library import require_own_name, search_path

    if name is not None and not _KIT_NAME.fullmatch(name):
        raise UsageError(f"--name {name}: must be of a-z, 0-9 and _, and start with a letter or digit")
    if map_file.suffix != ".yaml" or not _KIT_NAME.fullmatch(map_file.stem):
        raise UsageError(f"{map_file.name}: must be a kit name of a-z, 0-9 and _, followed by .yaml; choose a --name")
    if name is not None and map_file.stem != name:
        raise UsageError(f"--out {map_file}: its name is the kit's; give --out {name}.yaml or leave out --name")
    require_own_name(map_file, search_path() if map_file.parent == data.kits_dir() else ())


def _report(imported: ImportedKit) -> Iterator[str]:
    from stemgmd_tools.kits.importing.licence import UNKNOWN
    from stemgmd_tools.kits.sample_map.licence import asks_for_credit

    kit_map, assignment = imported.map, imported.assignment
    yield f"{kit_map.name}: {kit_map.title}"
    where = f" ({imported.license_file})" if imported.license_file else ""
    yield f"licence: {kit_map.license}{where}"
    if kit_map.license == UNKNOWN:
        yield "warning: no licence found; look for one before you publish anything, and give it with --license"
    if kit_map.attribution:
        yield f"attribution: {kit_map.attribution}"
    elif asks_for_credit(kit_map.license):
        yield f"warning: {kit_map.license} asks for credit, but the library names nobody; give --attribution"
    if kit_map.microphones:
        yield f"microphones: {microphone_levels(kit_map)}"
    yield ""
    yield from table(_COLUMNS, list(_rows(imported)))
    yield ""
    yield from _unused(assignment.unused)
    ignored = sorted(imported.ignored.items(), key=lambda row: (-row[1], row[0]))
    if ignored:
        shown = ", ".join(f"{name} ({count})" for name, count in ignored[:_IGNORED_SHOWN])
        more = f" and {len(ignored) - _IGNORED_SHOWN} more" if len(ignored) > _IGNORED_SHOWN else ""
        yield f"without influence: {shown}{more}"
    yield from (f"note: {notice}" for notice in imported.notices)


def microphone_levels(kit_map: KitMap) -> str:
    """Return the levels of a kit's microphones for messages."""
    from stemgmd_tools.kits.sample_map.schema import OFF_DB

    levels = {
        name: "off" if one.gain_db <= OFF_DB else f"{one.gain_db:g} dB"
        for name, one in (kit_map.microphones or {}).items()
    }
    return ", ".join(f"{name} {level}" for name, level in levels.items())


def _unused(rows: Sequence[tuple[Voice, str]]) -> Iterator[str]:
    if not rows:
        return
    yield "not used (name one with --map to use it):"
    for voice, why in rows[:_UNUSED_SHOWN]:
        example = next(iter(voice.regions[0].sounds.values())).path.name
        files = example if len(voice.regions) == 1 else f"{example} and {len(voice.regions) - 1} more"
        yield f"  {voice.label}: {files}; {why}"
    if len(rows) > _UNUSED_SHOWN:
        yield f"  and {len(rows) - _UNUSED_SHOWN} more"


def _rows(imported: ImportedKit) -> Iterator[tuple[str, ...]]:
    from stemgmd_tools.kits.sample_map.outline import outline

    for row in outline(imported.map):
        voices = imported.assignment.voices.get(row.articulation, [])
        yield (
            row.articulation,
            str(row.layers or "-"),
            spread(*row.variations) if row.layers else "-",
            " ".join(f"{degree:g}" for degree in row.degrees),
            ", ".join(voice.label for voice in voices) if voices else f"missing; {row.source} stands in",
            "; ".join(dict.fromkeys(voice.reason for voice in voices)),
        )
