"""Audio as it comes: whole, cut short, never finished; by name and through a pipe."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from stemgmd_tools.audio import TrackReader, read_audio
from stemgmd_tools.errors import AudioError, TruncatedError
from stemgmd_tools.seeds import stream

FRAMES: Final = 5001
RATE: Final = 44_100
LOST_FRAMES: Final = 2 * 4096
"""A block of FLAC and a small step of the decoder."""
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
CASES: Final = Path(__file__).resolve().parents[3] / "shared" / "cases"

PLAIN: Final = [
    *(("WAV", subtype) for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")),
    *((name, subtype) for name in ("WAVEX", "RF64", "W64") for subtype in ("PCM_16", "PCM_24", "PCM_32", "FLOAT")),
    *((name, subtype) for name in ("AIFF", "CAF", "AU") for subtype in ("PCM_16", "PCM_24", "PCM_32", "FLOAT")),
    ("AIFF", "PCM_S8"),
]
"""Containers whose samples lie as they are, which a pipe may bring without end."""
CODED: Final = [
    ("WAV", "IMA_ADPCM"),
    ("CAF", "ALAC_24"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"),
    ("MP3", "MPEG_LAYER_III"),
]


def written(path: Path, container: str, subtype: str, endian: str = "FILE", frames: int = FRAMES) -> Path:
    sound = stream(5, "reading").uniform(-0.9, 0.9, (frames, 2))
    soundfile.write(path, sound, RATE, format=container, subtype=subtype, endian=endian)
    return path


def read(source: Path | int, **options: bool) -> tuple[NDArray[np.float32], TrackReader]:
    with TrackReader(source, **options) as reader:
        return np.concatenate([np.empty((0, reader.channels), np.float32), *reader.blocks(1999)]), reader


def piped(path: Path, **options: bool) -> tuple[NDArray[np.float32], TrackReader]:
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        sound = read(process.stdout.fileno(), **options)
    assert process.returncode == 0
    return sound


@pytest.mark.parametrize(("container", "subtype"), PLAIN + CODED)
def test_a_pipe_gives_the_same_bits_as_the_file(tmp_path: Path, container: str, subtype: str) -> None:
    path = written(tmp_path / "sound", container, subtype)
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    for sound, reader in (read(path), piped(path)):
        assert np.array_equal(sound, expected)
        assert (reader.sample_rate, reader.lacks) == (RATE, None)
    assert read(path)[1].sample_format == piped(path)[1].sample_format


@pytest.mark.parametrize(("container", "endian"), [("WAV", "BIG"), ("AIFF", "LITTLE"), ("CAF", "LITTLE")])
def test_the_other_byte_order(tmp_path: Path, container: str, endian: str) -> None:
    path = written(tmp_path / "sound", container, "PCM_16", endian)
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert np.array_equal(read(path)[0], expected)
    assert np.array_equal(piped(path)[0], expected)


def test_a_redirected_file_and_a_named_pipe(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.flac", "FLAC", "PCM_16")
    with path.open("rb") as file:
        assert np.array_equal(read(file.fileno())[0], read(path)[0])
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["sh", "-c", f"cat {path} > {tmp_path / 'pipe'}"]):
        assert np.array_equal(read(tmp_path / "pipe")[0], read(path)[0])


def cut(path: Path, share: float) -> int:
    """Shorten a file; return how many bytes were lost."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return len(content) - path.stat().st_size


@pytest.mark.parametrize(("container", "subtype"), PLAIN)
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_samples_that_were_cut_short_are_refused_unless_allowed(
    tmp_path: Path, container: str, subtype: str, share: float
) -> None:
    path = written(tmp_path / "sound", container, subtype)
    whole, _ = read(path)
    lost = cut(path, share)
    for way in (read, piped):
        with pytest.raises(TruncatedError, match=f": {lost} bytes are missing at its end; copy or download it again"):
            way(path)
        sound, reader = way(path, allow_truncated=True)
        assert reader.lacks == f"{lost} bytes are missing at its end"
        assert np.array_equal(sound, whole[: len(sound)])
        assert 0 < len(whole) - len(sound) <= lost // (2 * bytes_of(subtype)) + 1
    with pytest.raises(TruncatedError):
        read_audio(path)


@pytest.mark.parametrize(("container", "subtype"), [one for one in CODED if one[1] != "ALAC_24"])
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_coded_sound_that_was_cut_short_is_refused_unless_allowed(
    tmp_path: Path, container: str, subtype: str, share: float
) -> None:
    path = written(tmp_path / "sound", container, subtype, frames=50_000)
    whole, _ = read(path)
    cut(path, share)
    for way in (read, piped):
        with pytest.raises(TruncatedError, match=r"missing at its end|cut short after"):
            way(path)
        sound, reader = way(path, allow_truncated=True)
        assert reader.lacks
        assert 0 < len(sound) <= len(whole)
        assert share > 0.9 or len(sound) < len(whole)
    with pytest.raises(TruncatedError):
        read_audio(path)


def test_damage_loses_only_the_frames_around_it(tmp_path: Path) -> None:
    path = written(tmp_path / "sound", "FLAC", "PCM_16", frames=300_000)
    whole, _ = read_audio(path)
    content = bytearray(path.read_bytes())
    damaged = len(content) * 4 // 5
    content[damaged : damaged + 3000] = bytes(3000)
    path.write_bytes(content)
    with pytest.raises(TruncatedError, match=r"cut short after 2[34]\d,\d{3} of 300,000 frames"):
        read_audio(path)
    with TrackReader(path, allow_truncated=True) as reader:
        sound = np.concatenate(list(reader.blocks(1 << 20)))
    assert reader.lacks
    assert len(whole) * 4 // 5 - LOST_FRAMES <= len(sound) <= len(whole) * 4 // 5
    assert np.array_equal(sound, whole[: len(sound)])


def bytes_of(subtype: str) -> int:
    return {"PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}.get(subtype, 1)


def unfinished(path: Path, container: str) -> None:
    """Put sizes into a header that programs leave which were killed or wrote to a pipe."""
    content = bytearray(path.read_bytes())
    data = content.find(b"SSND" if container == "AIFF" else b"data") + 4
    if container == "WAV":
        content[4:8] = content[data : data + 4] = bytes(4)
    elif container == "RF64":
        content[20:44] = bytes(24)
    elif container == "W64":
        content[data + 12 : data + 20] = struct.pack("<Q", 24)
    elif container == "AIFF":
        content[4:8] = content[data : data + 4] = bytes(4)
    elif container == "CAF":
        content[data : data + 8] = b"\xff" * 8
    elif container == "AU":
        content[8:12] = b"\xff" * 4
    path.write_bytes(content)


@pytest.mark.parametrize("container", ["WAV", "RF64", "W64", "AIFF", "CAF", "AU"])
def test_a_header_that_was_never_finished_holds_all_that_follows(tmp_path: Path, container: str) -> None:
    path = written(tmp_path / "sound", container, "PCM_24")
    expected, _ = read(path)
    before = path.read_bytes()
    unfinished(path, container)
    assert path.read_bytes() != before
    for sound, reader in (read(path), piped(path)):
        assert np.array_equal(sound[:FRAMES], expected)
        assert len(sound) == FRAMES
        assert reader.frames is None
    assert np.array_equal(read_audio(path)[0], expected)


@pytest.mark.parametrize("stated", [0, 0xFFFFFFFF, 0xFFFFFFFF - 36, 0x7FFFFF00, 0x7FFFF000, 0x80000000])
def test_sizes_that_programs_write_to_pipes(tmp_path: Path, stated: int) -> None:
    path = written(tmp_path / "sound", "WAV", "PCM_16")
    expected, _ = read(path)
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", min(0xFFFFFFFF, stated and stated + 36))
    content[40:44] = struct.pack("<I", stated)
    path.write_bytes(content)
    assert np.array_equal(read(path)[0], expected)
    assert np.array_equal(piped(path)[0], expected)


def test_chunks_around_the_samples_are_no_samples(tmp_path: Path) -> None:
    path = written(tmp_path / "sound", "WAV", "PCM_16")
    expected, _ = read(path)
    content = path.read_bytes()
    for size in (100, 20_001):  # the second does not fit in what is read of a pipe's beginning
        junk = b"JUNK" + struct.pack("<I", size) + bytes(size + size % 2)
        path.write_bytes(content[:12] + junk + content[12:] + junk)
        assert np.array_equal(read(path)[0], expected)
        assert np.array_equal(piped(path)[0], expected)


def test_an_empty_wav_with_chunks_behind_is_empty(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 2)), RATE, subtype="PCM_16")
    content = bytearray((tmp_path / "empty.wav").read_bytes() + b"LIST" + struct.pack("<I", 40) + bytes(40))
    content[4:8] = struct.pack("<I", len(content) - 8)
    (tmp_path / "empty.wav").write_bytes(content)
    assert not len(read(tmp_path / "empty.wav")[0])
    assert not len(piped(tmp_path / "empty.wav")[0])
    with pytest.raises(AudioError, match="holds no audio frame"):
        read_audio(tmp_path / "empty.wav")


def test_a_pipe_that_no_folder_can_hold_is_one_line(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.flac", "FLAC", "PCM_16")
    read_it = "import sys; from stemgmd_tools.audio import TrackReader; TrackReader(0)"
    limits = f"ulimit -f 8; cat {path} | {sys.executable} -c '{read_it}'"
    done = subprocess.run(["bash", "-c", limits], capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert "standard input: its format needs a file, and" in last
    assert "set TMPDIR to a folder with room" in last


@pytest.mark.parametrize("name", ["caf\udce9.wav", "\U0001f941.wav", "a\nb\\c.wav", "x" * 234 + ".wav"])
def test_any_name(tmp_path: Path, name: str) -> None:
    content = written(tmp_path / "sound", "WAV", "PCM_16").read_bytes()
    (tmp_path / name).write_bytes(content)
    assert len(read(tmp_path / name)[0]) == FRAMES


@needs_ffmpeg
@pytest.mark.parametrize("ending", ["m4a", "wma", "aac", "webm", "ac3"])
def test_ffmpeg_reads_what_libsndfile_does_not(tmp_path: Path, ending: str) -> None:
    seconds = np.arange(RATE) / RATE
    soundfile.write(tmp_path / "tone.wav", 0.5 * np.sin(2 * np.pi * 440 * seconds), RATE)
    path = tmp_path / f"tone.{ending}"
    subprocess.run(["ffmpeg", "-v", "error", "-i", tmp_path / "tone.wav", path], check=True)
    sound, reader = read(path, foreign=True)
    assert (reader.sample_format, reader.lacks) == ("int24", None)
    assert len(sound) == pytest.approx(RATE * reader.sample_rate / RATE, rel=0.1)
    middle = sound[reader.sample_rate // 4 : reader.sample_rate // 2, 0]
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.05)
    assert np.array_equal(piped(path, foreign=True)[0], sound)
    with pytest.raises(AudioError, match="cannot be read as audio"):
        read(path)


@needs_ffmpeg
def test_ffmpeg_keeps_lossless_sound_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.wav", "WAV", "PCM_24")
    alac = tmp_path / "sound.m4a"
    subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-c:a", "alac", alac], check=True)
    assert np.array_equal(read(alac, foreign=True)[0], read(path)[0])


@needs_ffmpeg
def test_ffmpeg_tells_damage(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.wav", "WAV", "PCM_16")
    coded = tmp_path / "sound.m4a"
    subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-movflags", "+faststart", coded], check=True)
    coded.write_bytes(coded.read_bytes()[:-1000])
    with pytest.raises(TruncatedError, match=r"sound\.m4a: damaged or cut short \(ffmpeg: "):
        read(coded, foreign=True)
    sound, reader = read(coded, foreign=True, allow_truncated=True)
    assert 0 < len(sound) < FRAMES
    assert reader.lacks


@needs_ffmpeg
def test_streams_that_ffmpeg_left_unfinished(tmp_path: Path) -> None:
    path = written(tmp_path / "sound.wav", "WAV", "PCM_16")
    expected, _ = read(path)
    for ways in (("wav",), ("wav", "-rf64", "always"), ("w64",), ("aiff",), ("au",), ("caf",), ("flac",)):
        command = ["ffmpeg", "-v", "error", "-i", path, "-f", *ways, "-"]
        (tmp_path / "left").write_bytes(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        assert np.array_equal(read(tmp_path / "left")[0], expected)
        assert np.array_equal(piped(tmp_path / "left")[0], expected)


@needs_ffmpeg
@pytest.mark.parametrize("rate", [44_100, 22_050, 11_025])
def test_an_mp3_without_a_header_is_judged_by_its_last_frame(tmp_path: Path, rate: int) -> None:
    path = written(tmp_path / "sound.wav", "WAV", "PCM_16", frames=30_000)
    coded = tmp_path / "sound.mp3"
    command = ["ffmpeg", "-v", "error", "-i", path, "-ar", str(rate), "-write_xing", "0", "-id3v2_version", "0", coded]
    subprocess.run(command, check=True)
    assert read(coded)[1].lacks is None
    whole = coded.read_bytes()
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes(whole + b"TAG" + bytes(125))
    assert read(tagged)[1].lacks is None
    for lost in (1, 100, len(whole) // 2 + 7):
        coded.write_bytes(whole[:-lost])
        with pytest.raises(TruncatedError, match=r"sound\.mp3: \d+ bytes are missing at its end"):
            read(coded)


def test_without_ffmpeg_the_message_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "song.m4a").write_bytes(b"\0\0\0\x18ftypM4A " + bytes(100))
    with pytest.raises(AudioError, match=r"song\.m4a: cannot be read as audio .* need ffmpeg on PATH"):
        read(tmp_path / "song.m4a", foreign=True)


@pytest.mark.real
@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not there")
@pytest.mark.parametrize("name", ["trunc_flac.flac", "trunc_mp3.mp3", "trunc_ogg.ogg", "truncated.wav"])
def test_downloads_that_broke_off(name: str) -> None:
    path = CASES / "07-truncated-audio" / name
    with pytest.raises(TruncatedError, match=r"missing|cut short"):
        read(path)
    sound, reader = read(path, allow_truncated=True)
    assert 50_000 < len(sound) < 176_400
    assert reader.lacks


@pytest.mark.real
@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not there")
def test_rf64_of_a_recorder_through_a_pipe() -> None:
    path = CASES / "04-rf64-on-a-pipe" / "rf64.wav"
    sound, _ = read(path)
    assert len(sound) == 176_400
    assert np.array_equal(piped(path)[0], sound)


@pytest.mark.real
@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not there")
def test_a_header_that_claims_more_than_memory_holds() -> None:
    with pytest.raises(AudioError, match=r"bomb36\.flac: cannot be read to its end"):
        read_audio(CASES / "damage" / "bomb36.flac")
