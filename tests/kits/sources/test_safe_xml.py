"""XML that other people wrote: what is read, and what is refused before it costs anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stemgmd_tools.errors import LONGEST_MESSAGE, KitError
from stemgmd_tools.kits.sources import safe_xml
from stemgmd_tools.kits.sources.safe_xml import Element, XmlReader, root_name

LAUGHS = (
    '<!DOCTYPE kit [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{n} "&a;&a;">' for n in range(30)) + "]><kit>&a29;</kit>"
)


def read(folder: Path, text: str | bytes) -> Element:
    path = folder / "kit.xml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return XmlReader(folder).read(path, "kit")


def test_elements_have_text_attributes_children_and_lines(tmp_path: Path) -> None:
    root = read(tmp_path, '<kit xmlns:h="x">\n<h:a b="1"> one <c/>two</h:a>\n<a>three</a></kit>')
    first, second = root.all("a")
    assert (first.attributes, first.text, first.place) == ({"b": "1"}, " one two", "kit.xml:2")
    assert (second.value("c"), root.value("a"), second.place) == ("", "one two", "kit.xml:3")
    assert first.first("c") is first.children[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "cp1252"])
def test_declared_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path, f'<?xml version="1.0" encoding="{encoding}"?><kit>groß</kit>'.encode(encoding)).text == "groß"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, r'kit\.xml:1: defines the entity "a"'),
        ('<!DOCTYPE kit [<!ENTITY x SYSTEM "file:///etc/passwd">]><kit>&x;</kit>', 'defines the entity "x"'),
        ('<!DOCTYPE kit [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]><kit/>', 'defines the entity "x"'),
        ("<kit>&undefined;</kit>", r"kit\.xml:1: is not XML \(undefined entity\)"),
        ("<kit>" + "<a>" * 1_000_000, "nested more than 32 deep"),
        ("<kit>\n<a></kit>", r"kit\.xml:2: is not XML \(mismatched tag\)"),
        ("", r"kit\.xml:1: is not XML \(no element found\)"),
        ("<other/>", "starts with <other>; <kit> is expected"),
        ('<?xml version="1.0" encoding="rot13"?><kit/>', "unknown character encoding"),
        ('<?xml version="1.0" encoding="utf-7"?><kit/>', "kit.xml"),
        ('<?xml version="1.0" encoding="idna"?><kit/>', "kit.xml"),
        (b"<kit>\xff\xfe</kit>", "is not XML"),
    ],
    ids=range(12),
)
def test_what_is_not_safe_or_not_xml_is_one_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(KitError, match=message) as caught:
        read(tmp_path, text)
    assert len(str(caught.value)) <= LONGEST_MESSAGE


def test_all_files_of_a_reader_share_the_limit_of_elements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_xml, "MAX_ELEMENTS", 10)
    path = tmp_path / "kit.xml"
    path.write_text("<kit>" + "<a/>" * 5 + "</kit>")
    reader = XmlReader(tmp_path)
    reader.read(path, "kit")
    with pytest.raises(KitError, match="more than 10 elements"):
        reader.read(path, "kit")


def test_large_files_and_what_is_no_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_xml, "MAX_BYTES", 1 << 20)
    with pytest.raises(KitError, match="more than 1 MB"):
        read(tmp_path, "<kit>" + " " * (1 << 20) + "</kit>")
    os.mkfifo(tmp_path / "pipe.xml")
    for name, reason in (("pipe.xml", "is no file"), ("gone.xml", "cannot be read"), ("", "is no file")):
        with pytest.raises(KitError, match=reason):
            XmlReader(tmp_path).read(tmp_path / name, "kit")
    assert root_name(tmp_path / "pipe.xml") == ""


def test_the_root_is_found_in_the_beginning_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "kit.xml"
    path.write_text("<!-- a licence --><h:kit>" + "<a/>" * 100_000)
    assert root_name(path) == "kit"
    path.write_bytes(b"RIFF\0\0\0\0WAVE")
    assert root_name(path) == ""


@pytest.mark.parametrize("text", ["1e999", "-inf", "", "1;2", "9" * 5000])
def test_numbers_are_finite_and_within_limits(tmp_path: Path, text: str) -> None:
    root = read(tmp_path, f'<kit a="{text}"><a>{text}</a></kit>')
    if not text:
        assert root.number("a", 3, 0, 5) == root.attribute_number("a", 3, 0, 5) == 3
        return
    with pytest.raises(KitError, match=r"kit\.xml:1: <a> is .*allowed: a number from 0 to 5"):
        root.number("a", 3, 0, 5)
    with pytest.raises(KitError, match=r"kit\.xml:1: a of <kit> is"):
        root.attribute_number("a", 3, 0, 5)


def test_a_required_attribute_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(KitError, match=r"kit\.xml:1: <kit> has no attribute file"):
        read(tmp_path, '<kit file=" "/>').required("file")
