"""What the tests of training hear."""

from __future__ import annotations

import pytest
from tone_kits import tone_kits


@pytest.fixture(scope="session")
def kits(tmp_path_factory) -> tuple[str, ...]:
    """Return two sample maps of tones."""
    return tone_kits(tmp_path_factory.mktemp("kits"))
