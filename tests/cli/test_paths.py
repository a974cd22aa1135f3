"""Options and arguments that name files and folders: all of one type, which refuses addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.cli.support.paths import LocalName, LocalPath

OF_PATHS = {"DIR", "FILE", "FILE...", "FILES...", "PATH", "ROWS", "GMD", "NAME.yaml"}
"""Metavars of parameters that take paths."""
PathParameter = tuple[tuple[str, ...], click.Parameter]


def parameters(
    command: click.Command, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Parameter]]:
    """Yield every parameter of every command below ``command``, with the words that lead to the command."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            assert subcommand is not None
            yield from parameters(subcommand, (*words, name))
    for parameter in command.params:
        yield words, parameter


LOCAL = [(words, one) for words, one in parameters(stemgmd) if isinstance(one.type, LocalPath | LocalName)]


def test_no_parameter_takes_paths_of_another_type() -> None:
    for words, one in parameters(stemgmd):
        if not isinstance(one.type, LocalPath | LocalName):
            assert not isinstance(one.type, click.Path | click.File), (words, one.opts)
            assert one.metavar not in OF_PATHS, (words, one.opts)


@pytest.mark.parametrize(("words", "parameter"), LOCAL, ids=[" ".join((*w, p.opts[0])) for w, p in LOCAL])
def test_addresses_are_refused_everywhere(
    words: tuple[str, ...], parameter: click.Parameter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = ["s3://bucket/x"] if isinstance(parameter, click.Argument) else [parameter.opts[0], "s3://bucket/x"]
    done = CliRunner().invoke(stemgmd, [*words, *typed])
    assert not list(tmp_path.iterdir())
    assert done.exit_code == 2
    if isinstance(parameter, click.Option) or len(words) == 1:
        assert "s3://bucket/x is a URL; s3:// is not supported" in " ".join(done.output.split())


def converted(text: str) -> Path:
    @click.command()
    @click.option("--out", type=LocalPath())
    def command(out: Path) -> None:
        click.echo(repr(str(out)))

    return Path(CliRunner().invoke(command, [f"--out={text}"]).output.strip().strip("'"))


def test_a_tilde_is_the_home_folder_as_for_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert converted("~/corpus") == Path("/home/me/corpus")
    assert converted("~") == Path("/home/me")
    assert converted("./~/corpus") == Path("~/corpus")
    assert converted("a~b") == Path("a~b")
    assert converted("~nobody-has-this-name/x") == Path("~nobody-has-this-name/x")


def test_an_empty_path_is_refused() -> None:
    done = CliRunner().invoke(stemgmd, ["render", "--out", ""])
    assert done.exit_code == 2
    assert "it is empty; give a path" in done.output
