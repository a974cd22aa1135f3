"""The exceptions and warnings of this package.

Each message is one line that says where the problem is, what was found, what is allowed and how to fix it. The command
line prints the message and exits with the error's ``exit_code``. Any other exception is a bug.
"""

from __future__ import annotations

from typing import Final

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C."""


LONGEST_MESSAGE: Final = 300
"""Largest number of characters of a message."""
_HEAD: Final = 200
_GAP: Final = " ... "


def shown(path: object) -> str:
    """Return a path for a message, with unprintable characters such as line ends escaped."""
    text = str(path)
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def one_line(text: str) -> str:
    """Return a message as one line of at most :data:`LONGEST_MESSAGE` characters.

    Lines of a multi-line text are joined with semicolons. A longer text is shortened in the middle, since a message
    starts with the place and ends with the remedy.
    """
    line = shown("; ".join(filter(None, map(str.strip, text.splitlines()))))
    if len(line) <= LONGEST_MESSAGE:
        return line
    return f"{line[:_HEAD]}{_GAP}{line[_HEAD + len(_GAP) - LONGEST_MESSAGE :]}"


class StemgmdError(Exception):
    """Base class of the package's errors; the message is formatted by :func:`one_line`."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        """Store the message on one line."""
        super().__init__(one_line(message))


class StemgmdWarning(UserWarning):
    """A problem that was corrected; the message is one line that says where and what.

    The command line prints it on standard error. From Python it is issued through :mod:`warnings`.
    """


class LeftOutWarning(StemgmdWarning):
    """A requested item that was skipped; the rest was processed.

    The command line lists all skipped items when it ends, with exit code 1.
    """


class UsageError(StemgmdError):
    """An invalid request: an unknown kit, an empty selection, a missing extra."""

    exit_code = 2


class PerformanceError(StemgmdError):
    """A MIDI file, an ``info.csv`` or an archive of performances that cannot be used."""


class KitError(StemgmdError):
    """A sample map, its sample files or its voice parameters that cannot be used."""


class RenderError(StemgmdError):
    """A performance and a kit that cannot be rendered together."""


class AudioError(StemgmdError):
    """An audio file that cannot be read or written."""


class TruncatedError(AudioError):
    """An audio file that is shorter than its header states."""


class CorpusError(StemgmdError):
    """A corpus folder that is locked, was rendered with other settings, is incomplete or damaged."""


class AugmentError(StemgmdError):
    """A chain, a row or an effect that cannot be applied."""


class TrainingError(StemgmdError):
    """Training that cannot start (leaking splits, invalid settings) or continue (a damaged run, a NaN loss)."""


class FetchError(StemgmdError):
    """A download that failed or does not match its checksum."""
