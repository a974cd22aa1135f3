"""Write the samples of a SoundFont to files, bit for bit."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio import TrackWriter, read_audio
from stemgmd_tools.errors import AudioError, KitError, shown
from stemgmd_tools.kits.sources.soundfont.structure import VORBIS, SoundFont, name_of
from stemgmd_tools.storage.files import write_bytes

ROM: Final = 0x8000
"""Flag of the type of a sample that lies in the memory of a synthesizer."""
LOWEST_RATE: Final = 400
HIGHEST_RATE: Final = 655_350
LONGEST_S: Final = 600.0
_MOST_COPIES: Final = 4
"""Samples may overlap, so that together they may be longer than what is stored; not by more than this factor."""
_FREE_BYTES: Final = 64 << 20
_FLAC_LEVEL: Final = 5
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9#.+-]+")


class Samples:
    """Writes samples to files, each once.

    :param folder: created when the first file is written.
    """

    def __init__(self, font: SoundFont, folder: Path) -> None:
        """Start with no file."""
        self._font = font
        self._folder = folder
        self._files: dict[tuple[int, ...], Path] = {}
        self._written = 0

    def problem(self, index: int) -> str:
        """Return why a sample cannot be used; empty if it can."""
        row = self._font.samples[index]
        start, end, rate = (int(row[field]) for field in ("start", "end", "rate"))
        if int(row["type"]) & ROM:
            return "lies in the memory of a synthesizer"
        unit = 1 if int(row["type"]) & VORBIS else 2
        if not start < end <= self._font.low.size // unit:
            return f"lies at {start:,} to {end:,} of {self._font.low.size // unit:,} frames"
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            return f"has a rate of {rate:,} Hz"
        return "" if (end - start) <= LONGEST_S * rate or unit == 1 else f"is longer than {LONGEST_S:g} s"

    def file(self, *indices: int) -> Path:
        """Return the file of one sample, or of a left and a right one.

        :raises KitError: if they cannot be decoded, or overlap more than any real bank's.
        """
        if indices not in self._files:
            rows = [self._font.samples[index] for index in indices]
            self._written += sum(int(row["end"]) - int(row["start"]) for row in rows)
            if self._written > _MOST_COPIES * self._font.low.size + _FREE_BYTES:
                raise KitError(f"{shown(self._font.path)}: its samples overlap beyond measure; the file is damaged")
            name = _UNSAFE.sub("_", common_name([name_of(row) for row in rows])).strip("_.") or "sample"
            self._files[indices] = self._write(f"{indices[0]:04}-{name}", indices)
        return self._files[indices]

    def _write(self, name: str, indices: tuple[int, ...]) -> Path:
        rows = [self._font.samples[index] for index in indices]
        is_vorbis = [bool(int(row["type"]) & VORBIS) for row in rows]
        if any(is_vorbis) and len(rows) == 1:
            path = self._folder / f"{name}.ogg"
            write_bytes(path, self._bytes(indices[0]))
            return path
        rate = int(rows[0]["rate"])
        if any(is_vorbis):
            sounds, rate = self._decoded(indices)
            return self._save(self._folder / f"{name}.wav", sounds, rate, "float32")
        sample_format = "int16" if self._font.extra is None else "int24"
        return self._save(self._folder / f"{name}.flac", [self._pcm(index) for index in indices], rate, sample_format)

    def _save(self, path: Path, sounds: list[NDArray[np.int32]], rate: int, sample_format: str) -> Path:
        frames = max(map(len, sounds))
        pcm = np.stack([np.pad(sound, (0, frames - len(sound))) for sound in sounds], axis=1)
        block = pcm.astype(np.int16) if sample_format == "int16" else pcm
        container = path.suffix[1:]
        with TrackWriter(
            path,
            sample_rate=rate,
            sample_format=sample_format,
            container=container,
            flac_level=_FLAC_LEVEL,
            channels=len(sounds),
        ) as writer:
            writer.write(block)
            writer.close()
            writer.commit()
        return path

    def _bytes(self, index: int) -> bytes:
        """Return the content of a sample that is Ogg Vorbis."""
        row = self._font.samples[index]
        start, end = int(row["start"]), int(row["end"])
        return self._read(self._font.low.start + start, end - start)

    def _read(self, place: int, size: int) -> bytes:
        try:
            with self._font.path.open("rb") as file:
                file.seek(place)
                return file.read(size)
        except OSError as error:
            raise KitError(f"{shown(self._font.path)}: cannot be read ({error})") from error

    def _pcm(self, index: int) -> NDArray[np.int32]:
        """Return a sample of 16 or 24 bits, shape (frames,)."""
        row = self._font.samples[index]
        start, frames = int(row["start"]), int(row["end"]) - int(row["start"])
        low = np.frombuffer(self._read(self._font.low.start + 2 * start, 2 * frames), "<i2").astype(np.int32)
        if self._font.extra is None:
            return low
        extra = np.frombuffer(self._read(self._font.extra.start + start, frames), np.uint8)
        return (low << 8) | np.pad(extra, (0, frames - len(extra)))

    def _decoded(self, indices: tuple[int, ...]) -> tuple[list[NDArray[np.int32]], int]:
        """Return samples of Ogg Vorbis on the grid of 24 bits, and their rate in Hz."""
        sounds, rates = [], set()
        self._folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._folder) as folder:
            for index in indices:
                path = Path(folder) / "sample.ogg"
                path.write_bytes(self._bytes(index))
                try:
                    samples, rate = read_audio(path, longest_s=LONGEST_S)
                except AudioError as error:
                    name = name_of(self._font.samples[index])
                    raise KitError(f'{shown(self._font.path)}: sample "{name}" cannot be decoded ({error})') from error
                sounds.append(np.rint(samples[:, 0].astype(np.float64) * units.full_scale(24)).astype(np.int32))
                rates.add(rate)
        if len(rates) > 1:
            raise KitError(f"{shown(self._font.path)}: the channels of a stereo sample have rates of {rates} Hz")
        return sounds, rates.pop()


def common_name(names: list[str]) -> str:
    """Return the name of one sample, or what the names of a left and a right one share.

    >>> common_name(["Kick L", "Kick R"]), common_name(["Snare-Left(L)", "Snare-Left(R)"]), common_name(["Ride R"])
    ('Kick', 'Snare-Left', 'Ride R')
    """
    if len(set(names)) == 1:
        return names[0]
    length = next((place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), None)
    shared = names[0][:length].rstrip(" _-.([")
    return shared or names[0]
