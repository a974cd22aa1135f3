"""Names of microphones that any library may have become names that a sample map may hold."""

from __future__ import annotations

import re

from stemgmd_tools.kits.importing.microphone_names import map_names

IN_A_MAP = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


def test_names_of_drumgizmo_kits_are_legible() -> None:
    names = ["AmbL", "AmbRight", "OHL", "OH R-3", "Kdrum_back", "SnareTop", "tom 1"]
    assert list(map_names(names).values()) == [
        "amb_l",
        "amb_right",
        "ohl",
        "oh_r_3",
        "kdrum_back",
        "snare_top",
        "tom_1",
    ]


def test_any_names_stay_apart_and_fit() -> None:
    names = ["room", "Room", "ROOM", "room_2", "x" * 300, "x" * 299, "küche", "部屋", "---", "_", " "]
    mapped = map_names(names)
    assert list(mapped) == names
    assert len(set(mapped.values())) == len(names)
    assert all(IN_A_MAP.fullmatch(name) for name in mapped.values())
