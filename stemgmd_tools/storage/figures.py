"""Create matplotlib figures and write them to image files; matplotlib is the extra ``plot``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.storage.files import put_in_place, remove_abandoned, temporary_beside, write_failure


def empty_figure(width: float, height: float) -> Any:
    """Return an empty matplotlib figure; ``width`` and ``height`` are in inches.

    :raises UsageError: if matplotlib is not installed.
    """
    try:
        figures = importlib.import_module("matplotlib.figure")
    except ModuleNotFoundError as error:
        raise UsageError("pictures need matplotlib; install it with: pip install 'stemgmd-tools[plot]'") from error
    return figures.Figure(figsize=(width, height))


def require_image_path(path: Path) -> None:
    """Check that an image can be written to ``path``; call it before long work.

    :raises UsageError: if matplotlib is not installed, the suffix is of no known format, or the folder does not exist.
    """
    known = empty_figure(1.0, 1.0).canvas.get_supported_filetypes()
    if _format_of(path) not in known:
        endings = ", ".join(f".{name}" for name in sorted(known))
        raise UsageError(f'{path}: no picture format "{path.suffix}"; known endings: {endings}')
    if not path.parent.is_dir():
        raise UsageError(f"{path}: cannot be written; there is no folder {path.parent}")


def save_figure(figure: Any, path: Path, *, dpi: int) -> None:
    """Write a figure to an image file in one step.

    :param path: the suffix decides the format (.png, .pdf, .svg).
    :raises UsageError: as :func:`require_image_path` does.
    :raises StemgmdError: if the file cannot be written.
    """
    require_image_path(path)
    remove_abandoned(path)
    temporary = temporary_beside(path)
    try:
        figure.savefig(temporary, format=_format_of(path), dpi=dpi)
        put_in_place([(temporary, path)])
    except OSError as error:
        raise write_failure(path, error, StemgmdError) from error
    finally:
        temporary.unlink(missing_ok=True)


def _format_of(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()
