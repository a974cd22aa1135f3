"""Make a kit of another mix of a kit's microphones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.importing.placement import placement
from stemgmd_tools.kits.importing.run import with_microphones
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.sample_map.schema import KitMap


def remix_kit(kit: Kit, map_file: Path, gains_db: Mapping[str, float], *, replace: bool = False) -> KitMap:
    """Write the sample map of a kit with other gains of microphones, and a link to its samples beside it.

    :param map_file: the map to write; its stem is the name of the new kit.
    :param gains_db: microphone -> gain in dB, for those that change.
    :param replace: whether an imported kit of that name may be replaced.
    :raises UsageError: for a kit without microphones or sample files, an unknown microphone or a name in use.
    :raises KitError: if the map cannot be used; nothing has been changed then.
    """
    if kit.folder is None or not kit.map.microphones:
        raise UsageError(f"kit {kit.name}: names no microphones; `stemgmd kits list` shows which kits do")
    name = map_file.stem
    named = {"name": name, "folder": name, "title": f"{kit.title} ({name})"}
    remixed = with_microphones(kit.map.model_copy(update=named), gains_db)
    with placement(map_file, replace=replace) as place:
        place.refuse_own(kit.folder)
        place.put(remixed, kit.folder.resolve(), copy=False)
    return remixed
