"""Every fault in a sample map is one line with file, line and key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from toy_kits import layers, map_data, write_map

from stemgmd_tools import data
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.loader import json_schema, load_map, schema_text
from stemgmd_tools.strict_yaml.parse import parse_yaml

Edit = Callable[[dict[str, Any]], object]


def base() -> dict[str, Any]:
    hihat = {
        "layers": [
            {"velocity": [1, 127], "files": ["half.wav"], "openness": 0.4},
            {"velocity": [1, 60], "files": ["open1.wav"], "openness": 1},
            {"velocity": [61, 127], "files": ["open2.wav"], "openness": 1},
        ]
    }
    return map_data({"kick": layers("a.wav", "b.wav"), "hihat_open_bow": hihat})


def kick(tree: dict[str, Any]) -> dict[str, Any]:
    return tree["articulations"]["kick"]


def hat(tree: dict[str, Any]) -> dict[str, Any]:
    return tree["articulations"]["hihat_open_bow"]


def fallback(tree: dict[str, Any], name: str, target: str) -> None:
    tree["articulations"][name] = {"fallback": {"articulation": target}}


FAULTS: list[tuple[str, Edit, list[str]]] = [
    ("unknown key", lambda t: t.update(titel="x"), ["titel", 'did you mean "title"?', "known keys"]),
    (
        "unknown key deep down",
        lambda t: kick(t)["layers"][0].update(velocty=[1, 2]),
        ["articulations.kick.layers[0].velocty", 'did you mean "velocity"?'],
    ),
    ("missing key", lambda t: t.pop("license"), ['key "license" is missing']),
    (
        "missing key deep down",
        lambda t: kick(t)["layers"][1].pop("files"),
        ["articulations.kick.layers[1]", "needs files or takes; found neither"],
    ),
    ("wrong type", lambda t: t.update(gain_db="loud"), ['gain_db: found "loud"', "must be a valid number"]),
    ("text for a number", lambda t: t.update(gain_db="3"), ['gain_db: found "3"', "number"]),
    ("true for a number", lambda t: t.update(gain_db=True), ["gain_db: found true"]),
    ("not a number", lambda t: t.update(gain_db=float("inf")), ["gain_db", "finite"]),
    ("out of range", lambda t: kick(t).update(pan=2), ["articulations.kick.pan: found 2", "less than or equal to 1"]),
    (
        "velocity out of range",
        lambda t: kick(t)["layers"][0].update(velocity=[0, 64]),
        ["layers[0].velocity[0]: found 0", "greater than or equal to 1"],
    ),
    ("no source", lambda t: t["articulations"].update(kick={}), ["articulations.kick", "exactly one", "found none"]),
    (
        "two sources",
        lambda t: kick(t).update(fallback={"articulation": "snare_head"}),
        ["articulations.kick", "exactly one", "layers, fallback"],
    ),
    ("wrong schema", lambda t: t.update(schema="stemgmd-kit/9"), ["schema", "stemgmd-kit/1"]),
    ("name is not the file's", lambda t: t.update(name="other"), ['name: found "other"', '"toy"']),
    ("bad name", lambda t: t.update(name="My Kit"), ['name: found "My Kit"', "pattern"]),
    ("missing articulation", lambda t: t["articulations"].pop("ride_bell"), ["articulations: missing ride_bell"]),
    (
        "unknown articulation",
        lambda t: t["articulations"].update(snare_hed=kick(t)),
        ["articulations.snare_hed", 'did you mean "snare_head"?'],
    ),
    (
        "unknown fallback",
        lambda t: fallback(t, "ride_bow", "kik"),
        ["articulations.ride_bow.fallback.articulation", '"kik"', 'did you mean "kick"?'],
    ),
    ("fallback to itself", lambda t: fallback(t, "ride_bow", "ride_bow"), ["circle: ride_bow -> ride_bow"]),
    (
        "fallbacks in a circle",
        lambda t: (fallback(t, "ride_bow", "ride_bell"), fallback(t, "ride_bell", "ride_bow")),
        ["articulations.ride_", "circle", "(and 1 more)"],
    ),
    (
        "gap",
        lambda t: kick(t)["layers"][1].update(velocity=[70, 127]),
        ["articulations.kick.layers[1].velocity", "velocities 65..69 are in no layer"],
    ),
    (
        "gap at the bottom",
        lambda t: kick(t)["layers"][0].update(velocity=[3, 64]),
        ["layers[0].velocity", "velocities 1..2 are in no layer"],
    ),
    (
        "gap at the top",
        lambda t: kick(t)["layers"][1].update(velocity=[65, 120]),
        ["layers[1].velocity", "velocities 121..127"],
    ),
    (
        "overlap",
        lambda t: kick(t)["layers"][1].update(velocity=[60, 127]),
        ["articulations.kick.layers[1].velocity", "velocities 60..64 are also in layers[0]"],
    ),
    (
        "gap at one degree",
        lambda t: hat(t)["layers"][2].update(velocity=[71, 127]),
        ["hihat_open_bow.layers[2].velocity", "61..70", "openness 1"],
    ),
    (
        "openness on some layers",
        lambda t: hat(t)["layers"][0].pop("openness"),
        ["hihat_open_bow.layers", "for all or for none"],
    ),
    (
        "openness on a drum",
        lambda t: [layer.update(openness=0.5) for layer in kick(t)["layers"]],
        ["articulations.kick.layers", "hi-hat only"],
    ),
    ("reversed", lambda t: kick(t)["layers"][0].update(velocity=[64, 1]), ["layers[0].velocity", "64..1"]),
    ("reference outside", lambda t: kick(t)["layers"][0].update(reference=90), ["layers[0].reference", "1..64"]),
    (
        "path upwards",
        lambda t: kick(t)["layers"][0].update(files=["../a.wav"]),
        ["files[0]", "inside the kit's folder"],
    ),
    ("absolute path", lambda t: kick(t)["layers"][0].update(files=["/a.wav"]), ["files[0]", "inside the kit's folder"]),
    ("drive", lambda t: kick(t)["layers"][0].update(files=["C:a.wav"]), ["files[0]", "inside the kit's folder"]),
    ("line break", lambda t: kick(t)["layers"][0].update(files=["a\n.wav"]), ['files[0]: found "a\\n.wav"']),
    ("file twice", lambda t: kick(t)["layers"][0].update(files=["a.wav", "a.wav"]), ["files[1]", "already"]),
    ("folder upwards", lambda t: t.update(folder="../x"), ['folder: found "../x"', "a folder's name"]),
    ("folder without a name", lambda t: t.update(folder=""), ['folder: found ""', "a folder's name"]),
    ("velocity too short", lambda t: kick(t)["layers"][0].update(velocity=[1]), ["velocity: its value 2 is missing"]),
    ("velocity too long", lambda t: kick(t)["layers"][0].update(velocity=[1, 2, 3]), ["at most 2 items, not 3"]),
    ("text for a list", lambda t: kick(t)["layers"][0].update(files="a.wav"), ["files", "must be a list"]),
    ("null for a mapping", lambda t: t["articulations"].update(kick=None), ["kick: found null; must be a mapping"]),
    ("chokes nothing", lambda t: kick(t).update(chokes=True), ["kick.chokes", "without a choke_group"]),
    ("group without a name", lambda t: kick(t).update(choke_group=" "), ["kick.choke_group", "a name"]),
    ("endless number", lambda t: t.update(gain_db=int("9" * 4000)), ["gain_db", "finite"]),
    (
        "room of recorded sounds",
        lambda t: t.update(room={"decay_s": 0.5}),
        ["room", "model"],
    ),
    (
        "openness of a drum borrowed",
        lambda t: t["articulations"].update(ride_bow={"fallback": {"articulation": "kick", "openness": 0.5}}),
        ["ride_bow.fallback.openness", "kick has no degrees"],
    ),
    ("no files", lambda t: kick(t)["layers"][0].update(files=[]), ["layers[0].files: found []", "at least 1"]),
    ("no layers", lambda t: kick(t).update(layers=[]), ["kick.layers: found []", "at least 1"]),
]


def test_the_base_is_sound(tmp_path: Path) -> None:
    kit_map = load_map(write_map(tmp_path, base()))
    assert kit_map.articulations["kick"].layers is not None


@pytest.mark.parametrize(("edit", "fragments"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_faults(tmp_path: Path, edit: Edit, fragments: list[str]) -> None:
    tree = base()
    edit(tree)
    text = json.dumps(tree, indent=1).replace("Infinity", ".inf")
    path = tmp_path / "toy.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KitError) as caught:
        load_map(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}:")
    for fragment in fragments:
        assert fragment in message


def test_the_line_is_that_of_the_key(tmp_path: Path) -> None:
    tree = base()
    kick(tree)["layers"][1]["gain_db"] = "x"
    path = write_map(tmp_path, tree)
    expected = parse_yaml(path).line(("articulations", "kick", "layers", 1, "gain_db"))
    assert '"gain_db": "x"' in path.read_text().splitlines()[expected - 1]
    with pytest.raises(KitError, match=rf"toy\.yaml:{expected}: "):
        load_map(path)


@pytest.mark.parametrize(
    "text",
    ["[" * 20_000, "{a: " * 3_000 + "1" + "}" * 3_000, "gain_db: " + "9" * 5_000, "gain_db: 0x" + "f" * 5_000],
    ids=["lists", "mappings", "digits", "hexadecimal digits"],
)
def test_texts_made_to_overwhelm(tmp_path: Path, text: str) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(text)
    with pytest.raises(KitError, match=r"toy\.yaml"):
        load_map(path)


def test_aliases_of_aliases(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    aliases = [f"a{row}: &a{row} [{', '.join([f'*a{row - 1}'] * 10)}]" for row in range(1, 10)]
    path.write_text("\n".join(["a0: &a0 x", *aliases]))
    with pytest.raises(KitError, match=r"toy\.yaml:\d+: stands for more than"):
        load_map(path)


@pytest.mark.parametrize("text", ["", "[1, 2]", "just text"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(text)
    with pytest.raises(KitError, match="mapping of keys to values"):
        load_map(path)


def test_the_shipped_json_schema_is_current() -> None:
    shipped = data.shipped("sample_maps") / "kit.schema.json"
    assert shipped.read_text(encoding="utf-8") == schema_text(), (
        "stale; stemgmd kits schema > sample_maps/kit.schema.json"
    )


def test_the_json_schema_accepts_what_the_loader_accepts(tmp_path: Path) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted(data.shipped("sample_maps").glob("modelled/*.yaml")):
        load_map(path)
        assert not list(validator.iter_errors(parse_yaml(path).data)), path
    tree = base()
    tree["articulations"].pop("ride_bell")
    tree["titel"] = "x"
    assert len(list(validator.iter_errors(tree))) == 2
