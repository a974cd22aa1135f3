"""The errors this package raises on purpose.

Each message is one line that says where, what was found, what is allowed and how to mend it. The command line
prints the message and exits with the error's ``exit_code``; anything else that escapes is a bug.
"""

from __future__ import annotations

from typing import Final

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C."""


LONGEST_MESSAGE: Final = 300
"""Characters of a message at most."""
_HEAD: Final = 200
_GAP: Final = " ... "


def shown(path: object) -> str:
    """Return a path as messages show it: characters that cannot be printed, line ends among them, are escaped."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in str(path))


def one_line(text: str) -> str:
    """Return a message as one line of at most :data:`LONGEST_MESSAGE` characters.

    Lines, as libraries write them, are joined; of a text that is too long the middle is left out, since places come
    first and what to do comes last.
    """
    line = shown("; ".join(filter(None, map(str.strip, text.splitlines()))))
    if len(line) <= LONGEST_MESSAGE:
        return line
    return f"{line[:_HEAD]}{_GAP}{line[_HEAD + len(_GAP) - LONGEST_MESSAGE :]}"


class StemgmdError(Exception):
    """Base of every error raised on purpose by ``stemgmd_tools``; its message is made :func:`one_line`."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        """Keep the message."""
        super().__init__(one_line(message))


class StemgmdWarning(UserWarning):
    """Something that was put right; the message is one line that says where and what.

    The command line prints it on standard error. From Python it goes through :mod:`warnings`.
    """


class LeftOutWarning(StemgmdWarning):
    """Something that was asked for and left out; the rest was done.

    The command line lists all of these when it ends, with exit code 1.
    """


class UsageError(StemgmdError):
    """A request that cannot be carried out as asked (unknown kit, empty selection, missing extra)."""

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
    """An audio file that holds less than it announces."""


class CorpusError(StemgmdError):
    """A corpus folder that is locked, made with other settings, incomplete or damaged."""


class AugmentError(StemgmdError):
    """A chain, a row or an effect that cannot be carried out."""


class TrainingError(StemgmdError):
    """Training that cannot start (leaking splits, faulty settings) or go on (a damaged run, a loss without value)."""


class FetchError(StemgmdError):
    """A download that failed or does not match its checksum."""
