"""Real data for the tests that want it: the Groove MIDI Dataset and recorded kits, where this machine has them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tools.prepared import PREPARED_MAPS

# No test is timed, and new examples are for those who can look at them.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# Commands that tests start hear Ctrl-C even where the tests themselves are run in the background, which do not.
signal.signal(signal.SIGINT, signal.default_int_handler)

# One thread a process, here and in the processes that tests start: those of several workers would wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_variable, "1")

_BESIDE = Path(__file__).resolve().parents[2] / "shared"


def _real(variable: str, folder: str) -> Path:
    path = Path(os.environ[variable]) if variable in os.environ else _BESIDE / folder
    if not path.is_dir():
        pytest.skip(f"no real data: set {variable} or put it into {folder}/ of a folder shared/ beside the checkout")
    return path


@pytest.fixture(scope="session")
def gmd_dir() -> Path:
    """Return the folder of the real Groove MIDI Dataset, or skip."""
    return _real("STEMGMD_GMD", "groove")


@pytest.fixture(scope="session")
def kits_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the prepared recordings and their sample maps, or skip."""
    recordings = _real("STEMGMD_KITS", "kits").resolve()
    folder = tmp_path_factory.mktemp("prepared_kits")
    for entry in [*recordings.iterdir(), *PREPARED_MAPS.glob("*.yaml")]:
        (folder / entry.name).symlink_to(entry)
    return folder


@pytest.fixture(scope="session")
def raw_kits() -> Path:
    """Return the folder of drum libraries as published, or skip."""
    return _real("STEMGMD_RAW_KITS", "raw_kits")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's caches and kits out of the tests; one cache per test session so that banks are built once."""
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent  # each worker has a folder of its own within that of the session
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEMGMD_CACHE", str(session / "stemgmd-cache"))
        patch.setenv("STEMGMD_DATA", str(session / "stemgmd-data"))
        patch.delenv("STEMGMD_GMD", raising=False)
        patch.setenv("STEMGMD_FSYNC", "0")  # test_files.py tests it; thousands of small files need not wait for a disk
        yield
