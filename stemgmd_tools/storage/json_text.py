"""JSON from files that may be damaged or made to do harm: whatever is wrong with a text is a ``ValueError``."""

from __future__ import annotations

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    :raises ValueError: if it is not JSON, or nested more deeply than Python's parser follows.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("lists and objects are nested too deeply") from None
