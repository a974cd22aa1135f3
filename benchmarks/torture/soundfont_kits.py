"""Write SoundFont files record by record, apart from the reader (SoundFont 2.04, sections 4 to 8)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

MONO, RIGHT, LEFT, VORBIS = 1, 2, 4, 0x11


def span(low: int, high: int) -> int:
    """Return a range as the amount of a generator."""
    return low | high << 8


@dataclass
class Sample:
    name: str
    pcm: np.ndarray
    """Integers of 16 bits, or of 24 if the file has 24; bytes (uint8) for Ogg Vorbis."""
    rate: int = 22_050
    root: int = 60
    correction: int = 0
    kind: int = MONO
    link: int = 0
    loop: tuple[int, int] | None = None
    """Frames of the loop in the sample; None: all of it."""


Zone = Sequence[tuple[int, int]]
"""Generators and amounts, in their order."""


@dataclass
class Font:
    samples: Sequence[Sample]
    instruments: Mapping[str, Sequence[Zone]]
    presets: Mapping[tuple[str, int, int], Sequence[Zone]]
    """Name, bank and program -> zones."""
    modulators: Mapping[str, Sequence[tuple[int, int, int, int, int]]] = field(default_factory=dict)
    """Instrument -> modulators of its first zone."""
    has_24_bits: bool = False
    padded: bool = True


def _chunk(name: bytes, content: bytes, *, padded: bool = True) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2 if padded else 0)


def _generator(operator: int, amount: int) -> bytes:
    return struct.pack("<HH", operator, amount & 0xFFFF)


def _zones(
    rows: Mapping[object, Sequence[Zone]], modulators: Mapping[object, Sequence[tuple[int, ...]]]
) -> list[bytes]:
    """Return bags, modulators and generators, and the first bag of each row with that of the end."""
    bags, mods, gens, firsts = b"", b"", b"", []
    for name, zones in rows.items():
        firsts.append(len(bags) // 4)
        for number, zone in enumerate(zones):
            bags += struct.pack("<HH", len(gens) // 4, len(mods) // 10)
            gens += b"".join(_generator(*row) for row in zone)
            if number == 0:
                mods += b"".join(struct.pack("<HHhHH", *row) for row in modulators.get(name, ()))
    firsts.append(len(bags) // 4)
    bags += struct.pack("<HH", len(gens) // 4, len(mods) // 10)
    return [bags, mods + bytes(10), gens + bytes(4), firsts]  # type: ignore[list-item]


def soundfont(font: Font) -> bytes:
    """Return a file."""
    low, extra, headers = b"", b"", b""
    for sample in font.samples:
        if sample.kind & 0x10:
            start, low = len(low), low + sample.pcm.tobytes()
            end = len(low)
        else:
            values = sample.pcm.astype(np.int32)
            start = len(low) // 2
            low += (values >> 8 if font.has_24_bits else values).astype("<i2").tobytes() + bytes(92)
            extra += (values & 0xFF).astype(np.uint8).tobytes() + bytes(46)
            end = start + len(values)
        first, after = sample.loop or (0, end - start)
        headers += struct.pack(
            "<20sIIIIIBbHH", sample.name.encode(), start, end, start + first, start + after, sample.rate, sample.root,
            sample.correction, sample.link, sample.kind,
        )  # fmt: skip
    headers += struct.pack("<20s26x", b"EOS")
    ibag, imod, igen, ifirst = _zones(font.instruments, font.modulators)  # type: ignore[arg-type]
    pbag, pmod, pgen, pfirst = _zones(font.presets, {})  # type: ignore[arg-type]
    inst = b"".join(
        struct.pack("<20sH", name.encode(), first)
        for name, first in zip([*font.instruments, "EOI"], ifirst, strict=True)
    )
    phdr = b"".join(
        struct.pack("<20sHHH12x", name.encode(), program, bank, first)
        for (name, bank, program), first in zip([*font.presets, ("EOP", 0, 0)], pfirst, strict=True)
    )
    tables = {b"phdr": phdr, b"pbag": pbag, b"pmod": pmod, b"pgen": pgen, b"inst": inst, b"ibag": ibag, b"imod": imod,
              b"igen": igen, b"shdr": headers}  # fmt: skip
    info = _chunk(b"ifil", struct.pack("<HH", 2, 4)) + _chunk(b"INAM", b"Toy bank\0") + _chunk(b"ICOP", b"CC0-1.0\0")
    sounds = _chunk(b"smpl", low, padded=font.padded) + (_chunk(b"sm24", extra) if font.has_24_bits else b"")
    content = b"sfbk" + _chunk(b"LIST", b"INFO" + info) + _chunk(b"LIST", b"sdta" + sounds, padded=font.padded)
    content += _chunk(b"LIST", b"pdta" + b"".join(_chunk(name, rows) for name, rows in tables.items()))
    return _chunk(b"RIFF", content)


def write_soundfont(folder: Path) -> Path:
    """Write a bank with a stereo sample, velocity layers, global zones and a modulator; return its path."""
    noise = np.random.default_rng(0).integers(-9000, 9000, (4, 300))
    samples = [
        Sample(f"{name} drum", pcm) for name, pcm in zip(("Kick", "Snare", "Tom L", "Tom R"), noise, strict=True)
    ]
    zones = [
        [(48, 100), (38, 1200)],
        [(43, span(36, 36)), (44, span(0, 63)), (56, 0), (53, 0)],
        [(43, span(36, 36)), (44, span(64, 127)), (58, 36), (0, 5), (53, 0)],
        [(43, span(38, 40)), (57, 1), (54, 1), (53, 1)],
        *([(43, span(45, 45)), (17, pan), (53, index)] for index, pan in ((2, -500), (3, 500))),
    ]
    presets = {("Standard", 128, 0): [[(51, 1)], [(41, 0)]], ("Piano", 0, 0): [[(41, 0)]]}
    font = Font(samples, {"Drums": zones}, presets, modulators={"Drums": [(0x0502, 48, 480, 0, 0)]})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "toy.sf2"
    path.write_bytes(soundfont(font))
    return path


def write_table(folder: Path) -> Path:
    """Write the table of a folder of one-shots; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "kit.csv"
    path.write_text(
        "file,articulation,velocity_low,velocity_high,layer,take,openness,microphone,gain_db,pan,choke_group,chokes\n"
        "a/kick 1.wav,kick,1,60,,1,,near,-3,,,\na/kick 1 far.wav,kick,1,60,,1,,far,,0.5,,\n"
        "kick 2.wav,kick,61,127,,,,,,,,\nhat.wav,hihat_open_bow,,,1,,0.5,,,,hat,hat other\n"
        "hat hard.wav,hihat_open_bow,,,2,,0.5,,,,hat,\n"
    )
    return path
