"""Texts as CSV fields that a reader without types, such as plain ``pandas.read_csv``, takes for texts.

Such a reader guesses: ``007`` becomes 7, ``1e5`` a float, ``true`` a flag, ``NA`` and an empty field a missing value,
and a column of nothing but these loses its type. So a text that would be misread gets an apostrophe in front, as in a
spreadsheet, and a missing text is the word ``none``. Every other text stands as it is.
"""

from __future__ import annotations

import re
from typing import Final

MISSING_TEXT: Final = "none"
"""Field of a missing text; the text ``none`` itself gets an apostrophe."""
_MARK: Final = "'"
_MISREAD: Final = re.compile(
    r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[\s+-]*\d*)?\s*"  # 007, -1., .5, 1e5
    r"|\s*[+-]?(?:inf|infinity|nan)\s*"
    r"|[+-]?1\.#(?:ind|qnan)"
    r"|true|false|none|null|<na>|#?n/?a|#n/a n/a",
    re.IGNORECASE,
)
"""A little more than what ``pandas.read_csv`` takes for a number, a flag or a missing value."""


def text_to_field(text: str | None) -> str:
    """Return the CSV field of a text, before quoting; :func:`field_to_text` undoes it."""
    if text is None:
        return MISSING_TEXT
    return f"{_MARK}{text}" if _would_be_misread(text) else text


def field_to_text(field: str) -> str:
    """Return the text that a field stands for; a missing one is for the reader of the file to tell."""
    return field[1:] if field.startswith(_MARK) and _would_be_misread(field) else field


def _would_be_misread(text: str) -> bool:
    """Return whether a text needs a mark; one that has marks already needs one more, so that none is lost."""
    return _MISREAD.fullmatch(text.lstrip(_MARK)) is not None
