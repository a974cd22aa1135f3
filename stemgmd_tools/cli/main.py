"""The ``stemgmd`` command. Each command's module is imported only when the command is used."""

from __future__ import annotations

import difflib
import importlib
import io
import sys
from typing import Final

import click

from stemgmd_tools.cli.support.limits import require_address_space
from stemgmd_tools.cli.support.report import say, showing_warnings
from stemgmd_tools.cli.support.streams import reopen_closed_streams, require_stdout
from stemgmd_tools.errors import INTERRUPTED, StemgmdError, one_line
from stemgmd_tools.version import __version__

COMMANDS: Final = {
    "render": "stemgmd_tools.cli.render:render",
    "augment": "stemgmd_tools.cli.augment:augment",
    "baseline-train": "stemgmd_tools.cli.baseline.train:baseline_train",
    "baseline-export": "stemgmd_tools.cli.baseline.export:baseline_export",
    "baseline-join": "stemgmd_tools.cli.baseline.join:baseline_join",
    "separate": "stemgmd_tools.cli.separate:separate",
    "evaluate": "stemgmd_tools.cli.evaluate:evaluate",
    "verify": "stemgmd_tools.cli.verify:verify",
    "curate": "stemgmd_tools.cli.curate:curate",
    "export": "stemgmd_tools.cli.export:export",
    "plot": "stemgmd_tools.cli.inspection.plot:plot",
    "info": "stemgmd_tools.cli.inspection.info:info",
    "explore": "stemgmd_tools.cli.inspection.explore:explore",
    "merge": "stemgmd_tools.cli.merge:merge",
    "fetch": "stemgmd_tools.cli.fetch:fetch",
    "kits": "stemgmd_tools.cli.kits:kits",
}
"""Command name -> ``module:attribute``."""


_NO_ARGUMENTS: Final = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Raised by a group that is called without a command; its message is the help. Before click 8.2, click prints it."""


_NO_MEMORY: Final = (
    "failed to map segment",
    "annot allocate memory",
    "can't allocate memory",
    "can't start new thread",
)
"""Parts of the messages of dynamic loaders, PyTorch and Python when memory runs out."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the command names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command; for an unknown name, suggest the closest one."""
        likely = difflib.get_close_matches(args[0], COMMANDS, n=1)
        if likely and args[0] not in COMMANDS:
            raise click.UsageError(f"No such command '{args[0]}'. Did you mean '{likely[0]}'?", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="stemgmd")
def stemgmd() -> None:
    """Drum stems from performances: render, augment, check, browse."""


def run() -> None:
    """Run the command line; an expected error becomes one line on stderr and a non-zero exit code."""
    silent = reopen_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names may not be encodable in the locale
    with showing_warnings() as notices:
        try:
            code = _run(silent)
        finally:
            left_out = notices.close()
    if code or left_out:
        sys.exit(code or 1)


def _run(silent: bool = False) -> int:
    """Run the command line; return the exit code.

    :param silent: whether standard output is closed.
    """
    try:
        require_stdout(silent)
        require_address_space()
        stemgmd.main(standalone_mode=False)
    except StemgmdError as error:
        say(str(error))
        return error.exit_code
    except _NO_ARGUMENTS as error:
        click.echo(error.format_message(), err=True)
        return int(error.exit_code)
    except click.ClickException as error:
        say(_one_line(error))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("interrupted; run the same command again to continue")
        return INTERRUPTED
    except Exception as error:
        line = _system_error(error)
        if line is None:
            raise
        say(line)
        return 1
    return 0


def _system_error(error: Exception) -> str | None:
    """Return one line for an error of the operating system; None for a fault of this program."""
    if isinstance(error, MemoryError) or any(part in str(error) for part in _NO_MEMORY):
        return "memory ran out; close other programs, raise the limit (ulimit -v), or give fewer --jobs"
    if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
        return f"a library cannot be loaded; install it again: {error}"
    if isinstance(error, OSError):  # outside a run: a full disk behind stdout
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    return None


def _one_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    help_at = f" (see {context.command_path} --help)" if context is not None else ""
    return one_line(" ".join(error.format_message().split()) + help_at)


if __name__ == "__main__":
    run()
