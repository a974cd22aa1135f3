"""Parameter types for what lies on this machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import click

_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class LocalPath(click.Path):
    """A file or folder of this machine; every option and argument that names one has this type.

    A leading ``~`` stands for the home folder, also where the shell leaves it alone (``--out=~/corpus``). Addresses
    such as ``s3://bucket/x`` are refused: taken for a path, they would name a folder ``s3:``.
    """

    def __init__(self, **options: Any) -> None:
        """Take the options of :class:`click.Path`; values become :class:`pathlib.Path`."""
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if value == "":
            self.fail("it is empty; give a path", param, ctx)
        return super().convert(_local(value, self, param, ctx), param, ctx)


class LocalName(click.types.StringParamType):
    """Text that is a name, or the path of a file or folder: as :class:`LocalPath`, but it stays text."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the text."""
        return _local(value, self, param, ctx)


def _local(value: Any, kind: click.ParamType[Any], param: click.Parameter | None, ctx: click.Context | None) -> Any:
    """Expand ``~`` and refuse addresses; what is no text was not typed by anyone."""
    if not isinstance(value, str):
        return value
    found = _ADDRESS.search(value)
    if found:
        kind.fail(f"{value} is an address; {found[1]}:// is not supported, give a path on this machine", param, ctx)
    try:
        return str(Path(value).expanduser()) if value.startswith("~") else value
    except RuntimeError:  # a user who does not exist: then it is a name, as for the shell
        return value
