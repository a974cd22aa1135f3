"""Messages of a command on standard error: warnings, and inputs that were skipped."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from stemgmd_tools.errors import LeftOutWarning, StemgmdWarning, one_line


class Notices:
    """Shows the package's warnings as lines: corrections at once, skipped inputs at the end."""

    def __init__(self) -> None:
        """Start without warnings."""
        self._shown: dict[str, None] = {}
        self._left_out: dict[str, None] = {}

    def add(self, message: Warning | str) -> None:
        """Show one warning, now or at the end; each text only once."""
        text = str(message)
        if isinstance(message, LeftOutWarning):
            self._left_out.setdefault(text)
        elif text not in self._shown:
            self._shown[text] = None
            say(text)

    def close(self) -> bool:
        """List the skipped inputs; return whether there are any."""
        for text in self._left_out:
            say(f"left out: {text}")
        return bool(self._left_out)


def say(text: str) -> None:
    """Print one line on standard error."""
    click.echo(f"stemgmd: {one_line(text)}", err=True)


@contextmanager
def showing_warnings() -> Iterator[Notices]:
    """Yield the collector that shows the package's warnings; Python shows all others."""
    notices = Notices()
    with warnings.catch_warnings():
        warnings.simplefilter("always", StemgmdWarning)
        default = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, StemgmdWarning):
                notices.add(message)
            else:
                default(message, category, *rest, **more)

        warnings.showwarning = show
        yield notices
