"""Help texts are plain English: subject, verb, object; the terms of the field."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from stemgmd_tools.cli.main import stemgmd

BANNED = (
    "heard",
    "told",
    "tells",
    "said of",
    "gone on with",
    "goes on where",
    "is kept for",
    "whole already",
    "Decides which",
    "Of the first",
    "How many.",
    "not wanted",
    "at hand",
)
"""Turns that are not plain, each with a plain one in its place."""


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            assert inner is not None
            yield from _commands(inner, f"{name} {word}")


@pytest.mark.parametrize(("name", "command"), list(_commands(stemgmd, "stemgmd")), ids=lambda value: str(value)[:40])
def test_help_is_plain(name: str, command: click.Command) -> None:
    text = " ".join(command.get_help(click.Context(command, info_name=name)).split())
    assert [turn for turn in BANNED if re.search(rf"\b{re.escape(turn)}", text)] == []
    undescribed = [option.name for option in command.params if isinstance(option, click.Option) and not option.help]
    assert undescribed == []
