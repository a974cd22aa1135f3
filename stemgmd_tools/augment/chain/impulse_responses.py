"""Load the user's impulse responses from a folder, by file name without suffix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from stemgmd_tools.audio import read_audio
from stemgmd_tools.augment.chain.catalogue import EFFECTS
from stemgmd_tools.augment.chain.effect import Kind
from stemgmd_tools.augment.chain.rows import Row
from stemgmd_tools.augment.chain.schema import Chain, Distribution
from stemgmd_tools.errors import UsageError
from stemgmd_tools.storage.files import file_sha256
from stemgmd_tools.storage.paths import is_relative_path

LONGEST_S: Final = 60.0
"""Maximum length of an impulse response; a damaged header may state a rate of one frame per second."""
ENDINGS: Final = (".wav", ".flac", ".aiff", ".aif", ".ogg")
PARAMETERS: Final = frozenset(
    (effect.name, parameter.name)
    for effect in EFFECTS
    for parameter in effect.parameters
    if parameter.kind is Kind.TEXT
)
"""Effects and their parameters that name an impulse response."""


def response_path(folder: Path | None, name: str) -> Path:
    """Return the file of an impulse response.

    :raises UsageError: if there is no folder, or no such file in it.
    """
    if not is_relative_path(name):
        raise UsageError(f"impulse response {name!r}: must be a path in the folder of --impulse-responses, without ..")
    if folder is None:
        raise UsageError(f'impulse response "{name}": name the folder that holds its file with --impulse-responses')
    paths = [path for ending in ENDINGS if (path := folder / f"{name}{ending}").is_file()]
    if not paths:
        raise UsageError(f'impulse response "{name}": no {name}.wav (or {", ".join(ENDINGS[1:])}) in {folder}')
    return paths[0]


def response(folder: Path | None, name: str, sample_rate: int) -> NDArray[np.float32]:
    """Return an impulse response at a sample rate, shape (channels, frames).

    :raises UsageError: if the file is missing or has more than two channels.
    :raises AudioError: if the file cannot be read.
    """
    path = response_path(folder, name)
    return _read(path, file_sha256(path), sample_rate)


@lru_cache(maxsize=64)
def _read(path: Path, _sha256: str, sample_rate: int) -> NDArray[np.float32]:
    """Read a file; the cache key contains its hash."""
    sound, rate = read_audio(path, longest_s=LONGEST_S)
    if sound.shape[1] > 2:
        raise UsageError(f"{path}: has {sound.shape[1]} channels; 1 and 2 can be used")
    if rate != sample_rate:
        sound = soxr.resample(sound, rate, sample_rate, quality="HQ")
    return np.ascontiguousarray(sound.T, np.float32)


def names_of_rows(rows: Iterable[Row]) -> list[str]:
    """Return the sorted names of the impulse responses in rows."""
    return sorted(
        {
            str(row.parameters[parameter])
            for row in rows
            for effect, parameter in PARAMETERS
            if row.effect == effect and parameter in row.parameters
        }
    )


def names_of_chain(chain: Chain) -> list[str]:
    """Return the sorted names of the impulse responses that a chain may draw."""
    return sorted(set(_names_of_steps(chain)))


def _names_of_steps(chain: Chain) -> Iterator[str]:
    for step in chain.steps:
        for effect, parameter in PARAMETERS:
            setting = step.parameters.get(parameter) if step.effect == effect else None
            if isinstance(setting, Distribution):
                yield from (str(value) for value in setting.choice or ())
            elif setting is not None:
                yield str(setting)


def digests(folder: Path | None, names: Iterable[str]) -> list[tuple[str, str]]:
    """Return each name with the SHA-256 of its file.

    :raises UsageError: if a file is missing.
    """
    return [(name, file_sha256(response_path(folder, name))) for name in names]
