"""Escape texts as CSV fields that plain ``pandas.read_csv`` reads as texts.

A reader without types guesses: ``007`` becomes 7, ``1e5`` a float, ``true`` a flag, ``NA`` and an empty field a missing
value, and a column of such fields loses its type. Therefore a text that would be misread is prefixed with an
apostrophe, as in a spreadsheet, and a missing text is the word ``none``. All other texts are written unchanged.
"""

from __future__ import annotations

import re
from typing import Final

MISSING_TEXT: Final = "none"
"""Field of a missing text; the text ``none`` itself is prefixed with an apostrophe."""
_MARK: Final = "'"
_MISREAD: Final = re.compile(
    r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[\s+-]*\d*)?\s*"  # 007, -1., .5, 1e5
    r"|\s*[+-]?(?:inf|infinity|nan)\s*"
    r"|[+-]?1\.#(?:ind|qnan)"
    r"|true|false|none|null|<na>|#?n/?a|#n/a n/a",
    re.IGNORECASE,
)
"""A superset of the texts that ``pandas.read_csv`` reads as a number, a flag or a missing value."""


def text_to_field(text: str | None) -> str:
    """Return the CSV field of a text, before quoting; :func:`field_to_text` undoes it."""
    if text is None:
        return MISSING_TEXT
    return f"{_MARK}{text}" if _would_be_misread(text) else text


def field_to_text(field: str) -> str:
    """Return the text of a field; the reader of the file handles missing texts."""
    return field[1:] if field.startswith(_MARK) and _would_be_misread(field) else field


def _would_be_misread(text: str) -> bool:
    """Return whether a text needs an apostrophe, also if it has some already, so that none is lost."""
    return _MISREAD.fullmatch(text.lstrip(_MARK)) is not None
