"""What one job leaves on disk."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import soundfile
from toys import toy_bank

from stemgmd_tools.audio import TrackWriter, read_pcm
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.render.single_hits import write_single_hits
from stemgmd_tools.corpus.render.writer import write_performance
from stemgmd_tools.errors import AudioError, CorpusError
from stemgmd_tools.performances.tables import Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES, PIECES, Group
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.settings import RenderSettings

BANK = toy_bank()
FORMATS = [("flac", "int16"), ("flac", "int24"), ("wav", "int16"), ("wav", "int24"), ("wav", "float32")]


def performance(seconds=7.3, notes=(36, 38, 42, 46), name="drummer1/session1/3"):
    hits = [Hit(0.31 * i, notes[i % len(notes)], 30 + i % 90, 1.0) for i in range(int(seconds / 0.31))]
    return Performance(
        id=name, hits=hits, duration_s=seconds, metadata={"midi_filename": f"{name}_rock_120_beat_4-4.mid"}
    )


@pytest.mark.parametrize(("container", "sample_format"), FORMATS)
def test_written_stems_are_the_rendered_ones_and_sum_to_the_written_mixture(tmp_path, container, sample_format):
    settings = RenderSettings(container=container, sample_format=sample_format)
    rows = write_performance(tmp_path, performance(), BANK, settings)
    expected = mix(plan(performance(), BANK, settings), BANK, bit_depth=settings.bit_depth)
    tracks = {row["track"]: read_pcm(tmp_path / row["path"])[0] for row in rows}
    for piece in PIECES:
        assert np.array_equal(tracks[piece], expected[piece].T)
    total = sum(tracks[piece].astype(np.int64) for piece in PIECES)
    assert np.array_equal(tracks["mixture"], total)
    assert {row["frames"] for row in rows} == {expected.frames}


def test_float_files_add_up_exactly_in_floats(tmp_path):
    settings = RenderSettings(container="wav", sample_format="float32")
    rows = write_performance(tmp_path, performance(), BANK, settings)
    tracks = {row["track"]: soundfile.read(tmp_path / row["path"], dtype="float32")[0] for row in rows}
    total = np.zeros_like(tracks["mixture"])
    for piece in reversed(PIECES):  # any order: every partial sum lies on the 24-bit grid
        total += tracks[piece]
    assert np.array_equal(total, tracks["mixture"])


@pytest.mark.parametrize(("container", "sample_format"), [("flac", "int16"), ("wav", "int24"), ("wav", "float32")])
def test_files_hold_no_time_of_day(tmp_path, container, sample_format):
    """libsndfile puts one beside the peaks of float files; it takes it from C, so the files are made a second apart."""
    settings = RenderSettings(container=container, sample_format=sample_format)
    short = performance(seconds=0.7)
    first = [row["content_hash"] for row in write_performance(tmp_path / "a", short, BANK, settings)]
    second = int(time.time())
    while int(time.time()) == second:
        time.sleep(0.02)
    assert [row["content_hash"] for row in write_performance(tmp_path / "b", short, BANK, settings)] == first


def test_rows_tell_what_is_in_the_files(tmp_path):
    rows = write_performance(tmp_path, performance(), BANK, RenderSettings())
    assert [row["track"] for row in rows] == list(layout.tracks(RenderSettings()))
    for row in rows:
        content = (tmp_path / row["path"]).read_bytes()
        assert row["content_hash"] == hashlib.sha256(content).hexdigest()
        assert row["bytes"] == len(content)
        pcm = read_pcm(tmp_path / row["path"])[0]
        assert row["silent"] == (not pcm.any())
        assert row["silent"] == (row["hits"] == 0)
        if row["peak_dbfs"] is not None:
            assert row["peak_dbfs"] == round(20 * np.log10(np.abs(pcm.astype(int)).max() / 32768), 2)
    assert rows[-1]["hits"] == len(performance().hits)


def test_groups_are_sums_of_their_pieces(tmp_path):
    rows = write_performance(tmp_path, performance(), BANK, RenderSettings(groups=True))
    tracks = {row["track"]: read_pcm(tmp_path / row["path"])[0] for row in rows}
    assert len(rows) == 15
    for group in Group:
        parts = [tracks[piece] for piece in PIECES if piece.group is group]
        assert np.array_equal(tracks[layout.group_track(group)], sum(parts))


def test_the_stemgmd_layout_has_the_originals_names(tmp_path):
    settings = RenderSettings(layout="stemgmd", container="wav")
    write_performance(tmp_path, performance(), BANK, settings)
    folder = tmp_path / "audio/drummer1/session1/toy"
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.wav"))
    names = [
        *("crash_left", "cymbals", "hi_tom", "hihat", "hihat_closed", "hihat_open", "kick", "low_tom", "mid_tom"),
        *("mixture", "ride", "snare", "toms"),
    ]
    assert files == [f"{name}/3_rock_120_beat_4-4.wav" for name in names]


def test_the_stemgmd_layout_needs_the_midi_name():
    nameless = Performance(id="a/b", hits=[], duration_s=1.0)
    with pytest.raises(CorpusError, match="MIDI file"):
        layout.stem_paths(RenderSettings(layout="stemgmd"), nameless, "toy")


def test_a_performance_without_hits_is_ten_silent_files(tmp_path):
    rows = write_performance(tmp_path, Performance(id="quiet", hits=[], duration_s=1.0), BANK, RenderSettings())
    assert len(rows) == 10
    assert all(row["silent"] for row in rows)
    assert len({row["content_hash"] for row in rows}) == 1


def test_an_overload_is_rendered_again_with_headroom_and_leaves_no_temporary(tmp_path):
    loud = toy_bank(amplitude=0.95)
    crowd = Performance(id="loud", hits=[Hit(6.5, n.number, 127, 1.0) for n in NOTES], duration_s=7.0)
    rows = write_performance(tmp_path, crowd, loud, RenderSettings())
    assert {row["gain_db"] for row in rows} == {mix(plan(crowd, loud), loud).gain_db} != {0.0}
    assert len(list(tmp_path.rglob("*.*"))) == 10


def test_two_runs_give_the_same_bytes(tmp_path):
    first = write_performance(tmp_path / "a", performance(), BANK, RenderSettings())
    second = write_performance(tmp_path / "b", performance(), BANK, RenderSettings())
    assert first == second


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_other_rates(tmp_path, rate):
    import dataclasses

    bank = dataclasses.replace(BANK, sample_rate=rate)
    rows = write_performance(tmp_path, performance(), bank, RenderSettings(sample_rate=rate))
    assert soundfile.info(tmp_path / rows[0]["path"]).samplerate == rate
    assert rows[0]["frames"] >= round(7.3 * rate)


def test_an_unwritable_folder_is_one_clear_error(tmp_path):
    (tmp_path / "audio").write_text("in the way")
    with pytest.raises(AudioError, match="audio"):
        write_performance(tmp_path, performance(), BANK, RenderSettings())


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("mount") is None, reason="needs a small file system")
@pytest.mark.parametrize("container", ["flac", "wav"])
def test_a_full_disk_is_named_and_nothing_half_written_keeps_a_name(tmp_path, container):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("mounting a small file system needs privileges")
    try:
        with pytest.raises(AudioError, match="disk is full"):
            write_performance(disk, performance(), BANK, RenderSettings(container=container))
        assert not [path for path in disk.rglob("*") if path.is_file()]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_single_hits_sound_as_in_a_performance(tmp_path):
    rows = write_single_hits(tmp_path, BANK, RenderSettings())
    assert len(rows) == len(NOTES) * 10
    peaks = {}
    for row in rows:
        pcm = read_pcm(tmp_path / row["path"])[0]
        assert len(pcm) == row["frames"]
        assert int(np.abs(pcm.astype(int)).max(axis=1).argmax()) == row["onset_frame"]
        peaks.setdefault(row["articulation"], []).append(row["peak_dbfs"])
    assert all(np.all(np.diff(levels) > 0) for levels in peaks.values())


def test_single_hits_in_the_stemgmd_layout_carry_the_nine_names(tmp_path):
    rows = write_single_hits(tmp_path, BANK, RenderSettings(layout="stemgmd", container="wav"))
    names = {row["path"] for row in rows}
    for folder in ("kick", "snare", "hi_tom", "mid_tom", "low_tom", "hihat_closed", "hihat_open", "ride", "crash_left"):
        assert {f"single_hits/toy/{folder}-{n}.wav" for n in range(1, 11)} <= names
    assert len(names) == len(rows)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_libsndfile_writes_is_neither_lost_nor_printed(tmp_path, capfd, request, number):
    """Without holding it back, the interrupt is raised inside a C callback, which prints and swallows it."""

    class Interrupting(io.BytesIO):
        def write(self, data):
            os.kill(os.getpid(), number)
            return super().write(data)

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    request.addfinalizer(partial(signal.signal, number, signal.signal(number, end)))
    with (
        pytest.raises(KeyboardInterrupt),
        TrackWriter(
            tmp_path / "a.wav", sample_rate=44_100, sample_format="int16", container="wav", flac_level=0
        ) as writer,
    ):
        writer._sink._file = Interrupting()
        for _ in range(100):
            writer.write(np.ones((4096, 2), np.int16))
    assert capfd.readouterr().err == ""
    assert not (tmp_path / "a.wav").exists()
