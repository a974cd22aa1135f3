"""Choose the preset of a SoundFont that is imported."""

from __future__ import annotations

from typing import Final, NamedTuple

from stemgmd_tools.errors import KitError, UsageError, shown
from stemgmd_tools.kits.sources.soundfont.structure import SoundFont, name_of

DRUM_BANK: Final = 128
"""Bank of drum kits."""
_SHOWN: Final = 12


class Preset(NamedTuple):
    """A preset of a SoundFont."""

    place: int
    """Index in the table."""
    bank: int
    program: int
    name: str

    @property
    def label(self) -> str:
        """Name and number, for messages."""
        return f"{self.name} ({self.bank}:{self.program})"


def presets_of(font: SoundFont) -> list[Preset]:
    """Return the presets, sorted by bank and program."""
    rows = font.presets.headers[:-1]
    presets = [
        Preset(index, int(row["bank"]), int(row["preset"]), name_of(row) or "unnamed") for index, row in enumerate(rows)
    ]
    return sorted(presets, key=lambda preset: (preset.bank, preset.program, preset.place))


def chosen(font: SoundFont, wanted: str) -> tuple[Preset, list[Preset]]:
    """Return the preset to import, and the other drum kits of the file.

    :param wanted: name of a preset, in any case, or bank and program such as ``128:8``; empty: the first of bank 128,
        or the only preset.
    :raises KitError: if the file has no drum kit.
    :raises UsageError: if it does not have the preset.
    """
    presets = presets_of(font)
    drums = [preset for preset in presets if preset.bank == DRUM_BANK]
    if wanted:
        names = (wanted.casefold(), wanted.strip().casefold())
        drum_presets = [
            one for one in presets if one.name.casefold() in names or f"{one.bank}:{one.program}" == wanted.strip()
        ]
        if not drum_presets:
            raise UsageError(f'{shown(font.path)}: has no preset "{wanted}"; {_known(drums or presets)}')
        drum_presets.sort(key=lambda preset: preset.bank != DRUM_BANK)
        return drum_presets[0], [preset for preset in drums if preset != drum_presets[0]]
    if drums:
        return drums[0], drums[1:]
    if len(presets) == 1:
        return presets[0], []
    raise KitError(f"{shown(font.path)}: has no drum kit (bank {DRUM_BANK}); name a preset; {_known(presets)}")


def _known(presets: list[Preset]) -> str:
    more = f" and {len(presets) - _SHOWN} more" if len(presets) > _SHOWN else ""
    return f"it has {', '.join(preset.label for preset in presets[:_SHOWN]) or 'none'}{more}"
