"""Parameter types for local paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import click

_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


class LocalPath(click.Path):
    """A local file or folder; the type of every option and argument that names one.

    A leading ``~`` is expanded, also where the shell does not (``--out=~/corpus``). URLs such as ``s3://bucket/x`` are
    refused: as a path, they would name a folder ``s3:``.
    """

    def __init__(self, **options: Any) -> None:
        """Accept the options of :class:`click.Path`; values become :class:`pathlib.Path`."""
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if value == "":
            self.fail("it is empty; give a path", param, ctx)
        return super().convert(_local(value, self, param, ctx), param, ctx)


class LocalName(click.types.StringParamType):
    """A name, or the path of a file or folder, handled as in :class:`LocalPath` but returned as text."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the text."""
        return _local(value, self, param, ctx)


def _local(value: Any, kind: click.ParamType[Any], param: click.Parameter | None, ctx: click.Context | None) -> Any:
    """Expand ``~`` and refuse URLs; defaults that are not text are returned as they are."""
    if not isinstance(value, str):
        return value
    url = _ADDRESS.search(value)
    if url:
        kind.fail(f"{value} is a URL; {url[1]}:// is not supported, give a local path", param, ctx)
    try:
        return str(Path(value).expanduser()) if value.startswith("~") else value
    except RuntimeError:  # no such user: keep the name, as the shell does
        return value
