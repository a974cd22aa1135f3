"""YAML as version 1.2 means it, with the line of every value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stemgmd_tools.errors import KitError
from stemgmd_tools.strict_yaml.parse import YamlText, parse_yaml, scalar, spell

ascii_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
plain_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ascii_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ascii_text, inner, max_size=4),
    max_leaves=20,
)


def parsed(tmp_path: Path, text: str) -> YamlText:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return parse_yaml(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E3", 1000.0),
        ("-.5", -0.5),
        ("3.", 3.0),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("on", "on"),
        ("off", "off"),
        ("no", "no"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        (".inf", float("inf")),
        ("+12", 12),
        ("1.2.3", "1.2.3"),
    ],
)
def test_plain_scalars(text: str, value: Any) -> None:
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_quoted_and_block_scalars_are_text(tmp_path: Path) -> None:
    text = parsed(tmp_path, "a: '1'\nb: \"true\"\nc: |\n  1\nd: >-\n  2\n")
    assert text.data == {"a": "1", "b": "true", "c": "1\n", "d": "2"}


@given(plain_data)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_json_reads_as_json(tmp_path: Path, data: Any) -> None:
    assert parsed(tmp_path, json.dumps(data)).data == data


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("a: 1\nb: 2\na: 3\n", [":3:", '"a"', "twice"]),
        ("a:\n  b: 1\n  b: 1\n", [":3:", '"b"']),
        ("a: [1, 2\nb: 3\n", [":2:", "not valid YAML"]),
        ("a: !!python/name:os.system x\n", [":1:", "tag"]),
        ("a: &x [1, *x]\n", ["itself"]),
        ("? [1]\n: 2\n", [":1:", "key"]),
        ("a: \x00\n", ["not valid YAML"]),
    ],
)
def test_faults_name_the_line(tmp_path: Path, text: str, fragments: list[str]) -> None:
    with pytest.raises(KitError) as caught:
        parsed(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    for fragment in ["a.yaml", *fragments]:
        assert fragment in message


def test_a_missing_file_and_a_binary_file(tmp_path: Path) -> None:
    with pytest.raises(KitError, match="is a folder; name a sample map"):
        parse_yaml(tmp_path)
    with pytest.raises(KitError, match="cannot be read"):
        parse_yaml(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"a: \xff\xfe")
    with pytest.raises(KitError, match="UTF-8"):
        parse_yaml(tmp_path / "b.yaml")


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    assert parsed(tmp_path, "# only a comment\n").data is None


def test_anchors_are_copies(tmp_path: Path) -> None:
    assert parsed(tmp_path, "a: &x [1]\nb: *x\n").data == {"a": [1], "b": [1]}


def test_lines(tmp_path: Path) -> None:
    text = parsed(tmp_path, "# c\na:\n  b:\n    - x\n    - {y: 1,\n       z: 2}\nlast: 3\n")
    assert text.line(("a",)) == 2
    assert text.line(("a", "b")) == 3
    assert text.line(("a", "b", 0)) == 4
    assert text.line(("a", "b", 1, "y")) == 5
    assert text.line(("a", "b", 1, "z")) == 6
    assert text.line(("last",)) == 7
    assert text.line(("a", "b", 7, "nowhere")) == 3
    assert text.line(()) == 2


def test_spelling_of_a_path() -> None:
    assert spell(("articulations", "kick", "layers", 0, "files", 2)) == "articulations.kick.layers[0].files[2]"
