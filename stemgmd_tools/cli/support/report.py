"""What a command says on standard error beside its result: what was put right, and what was left out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from stemgmd_tools.errors import LeftOutWarning, StemgmdWarning, one_line


class Notices:
    """Shows the package's warnings as lines: what was put right when it is met, what was left out at the end."""

    def __init__(self) -> None:
        """Start with none."""
        self._shown: dict[str, None] = {}
        self._left_out: dict[str, None] = {}

    def take(self, message: Warning | str) -> None:
        """Show one warning now or later, each text once."""
        text = str(message)
        if isinstance(message, LeftOutWarning):
            self._left_out.setdefault(text)
        elif text not in self._shown:
            self._shown[text] = None
            say(text)

    def close(self) -> bool:
        """List what was left out; return whether anything was."""
        for text in self._left_out:
            say(f"left out: {text}")
        return bool(self._left_out)


def say(text: str) -> None:
    """Print one line on standard error."""
    click.echo(f"stemgmd: {one_line(text)}", err=True)


@contextmanager
def noticing() -> Iterator[Notices]:
    """Yield where the package's warnings are shown; others are shown as Python does."""
    notices = Notices()
    with warnings.catch_warnings():
        warnings.simplefilter("always", StemgmdWarning)
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, StemgmdWarning):
                notices.take(message)
            else:
                usual(message, category, *rest, **more)

        warnings.showwarning = show
        yield notices
