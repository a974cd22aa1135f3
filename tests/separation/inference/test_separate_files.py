"""Files, folders and pipes: what is read, what is written, what becomes of the impossible."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from toy_separators import Gains, TinyMasks

from stemgmd_tools import audio
from stemgmd_tools.errors import AudioError, UsageError
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.inference import separate_files as separate_files_module
from stemgmd_tools.separation.inference.inputs import Source, find_sources
from stemgmd_tools.separation.inference.record import RECORD_FILE
from stemgmd_tools.separation.inference.separate import SeparationSettings
from stemgmd_tools.separation.inference.separate_files import Output, separate_file, separate_files, separate_to_pipe
from stemgmd_tools.separation.inference.wav_stream import UNKNOWN

SHORT = SeparationSettings(segment_s=0.2)
CONSISTENT = SeparationSettings(segment_s=0.2, mixture_consistent=True)


def song(path: Path, frames: int = 30_000, rate: int = 44_100, channels: int = 2, subtype: str = "PCM_16") -> Path:
    """Write noise to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = stream(7, "song", frames, channels).uniform(-0.6, 0.6, (frames, channels))
    soundfile.write(path, sound, rate, subtype=subtype)
    return path


def one(path: Path) -> Source:
    return find_sources([str(path)], None).sources[0]


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("container", ["wav", "flac"])
@pytest.mark.parametrize(("subtype", "expected"), [("PCM_16", "PCM_16"), ("PCM_24", "PCM_24"), ("FLOAT", "FLOAT")])
def test_stems_have_the_inputs_rate_channels_and_depth(tmp_path, container, subtype, expected):
    path = song(tmp_path / "a.song.wav", 12_345, 22_050, 1, subtype)
    done = separate_file(Gains(("a", "b")), one(path), Output(tmp_path / "out", container), SHORT)
    assert (done.stems, done.duration_s, done.clipped) == (("a", "b"), 12_345 / 22_050, 0)
    assert files_in(tmp_path / "out") == [f"a.song/a.{container}", f"a.song/b.{container}"]
    for name in ("a", "b"):
        info = soundfile.info(tmp_path / "out" / "a.song" / f"{name}.{container}")
        assert (info.frames, info.samplerate, info.channels, info.format) == (12_345, 22_050, 1, container.upper())
        assert info.subtype == ("PCM_24" if (container, expected) == ("flac", "FLOAT") else expected)


@pytest.mark.parametrize(("kind", "bits"), [("int16", 16), ("int24", 24), ("float32", 24)])
def test_written_stems_sum_to_the_written_input_to_the_last_bit(tmp_path, kind, bits):
    path = song(tmp_path / "song.wav", rate=48_000, subtype="PCM_16" if bits == 16 else "PCM_24")
    torch.manual_seed(0)
    model = TinyMasks()
    separate_file(model, one(path), Output(tmp_path / "out", sample_format=kind), CONSISTENT)
    whole, _, _ = audio.read_pcm(path)
    parts = [audio.read_pcm(tmp_path / "out" / "song" / f"{stem}.wav") for stem in model.stems]
    assert {depth for _, _, depth in parts} == {bits}
    assert np.array_equal(sum(part.astype(np.int64) for part, _, _ in parts), whole)
    assert all(part.any() for part, _, _ in parts)


def test_only_the_stems_asked_for_are_written_and_they_are_the_same(tmp_path):
    path = song(tmp_path / "song.flac")
    model = Gains(("a", "b", "c"))
    separate_file(model, one(path), Output(tmp_path / "all"), CONSISTENT)
    separate_file(model, one(path), Output(tmp_path / "some", stems=("c", "a")), CONSISTENT)
    assert files_in(tmp_path / "some") == ["song/a.wav", "song/c.wav"]
    for name in files_in(tmp_path / "some"):
        assert (tmp_path / "some" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()


def test_folders_keep_their_shape_and_other_files_are_left_alone(tmp_path):
    song(tmp_path / "in" / "b" / "two.FLAC")
    song(tmp_path / "in" / "one.wav")
    (tmp_path / "in" / "notes.txt").write_text("no sound")
    (tmp_path / "in" / "._one.wav").write_text("what a Mac leaves behind")
    song(tmp_path / "in" / "out" / "one" / "a.wav")
    sources, left_out = find_sources([str(tmp_path / "in"), "-"], tmp_path / "in" / "out")
    assert left_out == (tmp_path / "in" / "notes.txt",)
    assert [source.name for source in sources] == ["b/two", "one", "stdin"]
    assert sources[2].path is None
    others = find_sources([str(tmp_path / "in")], tmp_path / "in" / "b").sources
    assert "out/one/a" in [source.name for source in others]
    assert len(find_sources([str(tmp_path / "in" / "b")], tmp_path).sources) == 1


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    places = ["oak/take/1/mixture.flac", "pine/take/1/mixture.flac", "pine/take/2/mixture.flac", "song.wav"]
    sources = find_sources([str(song(tmp_path / place)) for place in places], None)
    assert [one.name for one in sources.sources] == [
        "oak/take/1/mixture",
        "pine/take/1/mixture",
        "pine/take/2/mixture",
        "song",
    ]


def test_files_that_differ_in_their_endings_are_told_apart_by_them(tmp_path):
    song(tmp_path / "in" / "song.wav")
    song(tmp_path / "in" / "song.flac")
    song(tmp_path / "in" / "other.wav")
    names = [source.name for source in find_sources([str(tmp_path / "in")], None).sources]
    assert names == ["other", "song.flac", "song.wav"]


def test_sound_is_known_by_its_content_too_and_the_rest_is_named(tmp_path):
    folder = tmp_path / "in"
    content = song(folder / "a.wav").read_bytes()
    (folder / "no ending").write_bytes(content)
    for name in ("cover.jpg", "b.mid", "data.bin"):
        (folder / name).write_bytes(b"no sound")
    for name in ("c.m4a", "d.WMA", "e.aac"):
        (folder / name).write_bytes(b"no sound")
    (folder / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    sources = find_sources([str(folder)], None)
    assert [path.name for path in sources.skipped] == ["b.mid", "cover.jpg", "data.bin"]
    assert sorted(one.name for one in sources.sources) == ["a", "c", "d", "e", "gone.wav", "no ending"]
    done = list(separate_files(Gains(("a",)), sources.sources, Output(tmp_path / "out"), SHORT))
    failed = sorted(one.source.name for one in done if one.error)
    assert failed == ["c", "d", "e", "gone.wav"]
    assert all(one.source.title in str(one.error) for one in done if one.error)


def test_linked_folders_are_read_and_loops_seen(tmp_path):
    song(tmp_path / "elsewhere" / "b.wav")
    song(tmp_path / "in" / "a.wav")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    assert [one.name for one in find_sources([str(tmp_path / "in")], None).sources] == ["a", "linked/b"]


@pytest.mark.parametrize("name", ["..wav", "...wav", "....wav"])
def test_names_of_dots_do_not_lead_out_of_the_folder_of_stems(tmp_path, name):
    path = song(tmp_path / "song.wav").rename(tmp_path / name)
    assert one(path).name == name


NAMES = ["caf\udce9.wav", "\U0001f941.wav", "a\nb\\c.wav", "x" * 234 + ".wav"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_separated(tmp_path, name):
    path = tmp_path / "in" / name
    content = song(tmp_path / "song.wav").read_bytes()
    path.parent.mkdir()
    path.write_bytes(content)
    source = one(path)
    done = next(separate_files(Gains(("a",)), [source], Output(tmp_path / "out"), SHORT))
    assert done.error is None
    assert (tmp_path / "out" / name.removesuffix(".wav") / "a.wav").is_file()
    source.title.encode()
    assert "\n" not in source.title


def test_a_name_that_no_folder_can_have_fails_alone(tmp_path):
    path = song(tmp_path / "song.wav")
    sources = [Source(path, "y" * 300), one(path)]
    done = list(separate_files(Gains(("a",)), sources, Output(tmp_path / "out"), SHORT))
    assert "File name too long" in str(done[0].error)
    assert done[1].error is None


def test_a_sound_that_was_cut_short_fails_unless_allowed(tmp_path):
    path = song(tmp_path / "song.wav")
    path.write_bytes(path.read_bytes()[: 44 + 4 * 20_000])
    lost = "40000 bytes are missing at its end"
    with pytest.raises(AudioError, match=rf"song\.wav: {lost}; .* give --allow-truncated"):
        separate_file(Gains(("a",)), one(path), Output(tmp_path / "out"), SHORT)
    assert not (tmp_path / "out").exists() or files_in(tmp_path / "out") == []
    done = separate_file(Gains(("a",)), one(path), Output(tmp_path / "out", allow_truncated=True), SHORT)
    assert (done.lacks, done.duration_s) == (lost, 20_000 / 44_100)


def test_no_name_leads_out_of_the_folder_of_stems(tmp_path, monkeypatch):
    paths = [str(song(tmp_path / place)) for place in ("drums.wav", "data/drums.wav")]
    monkeypatch.setattr(Path, "resolve", lambda path: Path("/") / path.relative_to(tmp_path))
    assert [one.name for one in find_sources(paths, None).sources] == ["drums", "data/drums"]


def test_impossible_sources_are_refused_before_anything_is_done(tmp_path):
    first = song(tmp_path / "song.wav")
    with pytest.raises(UsageError, match="the stems of both would go to song/"):
        find_sources([str(first), str(first)], None)
    with pytest.raises(UsageError, match=r"missing\.wav: no such file or folder"):
        find_sources([str(tmp_path / "missing.wav")], None)
    with pytest.raises(UsageError, match="is also the input folder"):
        find_sources([str(tmp_path)], tmp_path / "in" / "..")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no audio file in there"):
        find_sources([str(tmp_path / "empty")], None)


WEIGHTS = {"weights": "of a toy", "wiener": None}


def test_what_is_done_is_kept_and_nothing_else_is_replaced(tmp_path):
    path, out = song(tmp_path / "song.wav"), Output(tmp_path / "out")
    model = Gains(("a", "b"))

    def again(source=path, weights=WEIGHTS, output=out, separating=SHORT):
        return separate_file(model, one(source), output, separating, weights=weights)

    assert not again().skipped
    stems = {name: (tmp_path / "out" / name).read_bytes() for name in ("song/a.wav", "song/b.wav")}
    before = (tmp_path / "out" / "song" / "a.wav").stat().st_mtime_ns
    done = again()
    assert (done.skipped, done.stems) == (True, ("a", "b"))
    assert again(output=Output(tmp_path / "out", stems=("b",))).skipped
    assert (tmp_path / "out" / "song" / "a.wav").stat().st_mtime_ns == before
    for changed, arguments in {
        "weights": {"weights": {"weights": "of another", "wiener": None}},
        "wiener None, not 1.0": {"weights": WEIGHTS | {"wiener": 1.0}},
        "mixture-consistent False, not True": {"separating": CONSISTENT},
        "subtype None, not int24": {"output": Output(tmp_path / "out", sample_format="int24")},
    }.items():
        with pytest.raises(UsageError, match=rf"a\.wav: already exists, made with .*{changed}; give --overwrite"):
            again(**arguments)
    other = song(tmp_path / "other" / "song.wav", 20_000)
    with pytest.raises(UsageError, match="already exists, made with other sound"):
        again(other)
    with pytest.raises(UsageError, match="already exists; give"):
        again(weights=None)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in stems} == stems
    assert not again(other, output=Output(tmp_path / "out", overwrite=True)).skipped
    assert again(other).skipped


def test_a_stem_that_someone_changed_is_not_replaced(tmp_path):
    path, out = song(tmp_path / "song.wav"), Output(tmp_path / "out")
    separate_file(Gains(("a", "b")), one(path), out, SHORT, weights=WEIGHTS)
    (tmp_path / "out" / "song" / "a.wav").write_bytes(b"edited")
    (tmp_path / "out" / "song" / "b.wav").unlink()
    with pytest.raises(UsageError, match=r"a\.wav: already exists; give --overwrite"):
        separate_file(Gains(("a", "b")), one(path), out, SHORT, weights=WEIGHTS)
    assert (tmp_path / "out" / "song" / "a.wav").read_bytes() == b"edited"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"files": 3}', b'{"files": {"a.wav": {}}}', b"[" * 9000])
def test_a_record_that_makes_no_sense_is_none(tmp_path, content):
    path, out = song(tmp_path / "song.wav"), Output(tmp_path / "out")
    separate_file(Gains(("a",)), one(path), out, SHORT, weights=WEIGHTS)
    (tmp_path / "out" / "song" / RECORD_FILE).write_bytes(content)
    with pytest.raises(UsageError, match="already exists"):
        separate_file(Gains(("a",)), one(path), out, SHORT, weights=WEIGHTS)


def test_temporary_files_of_a_process_at_work_are_left_alone(tmp_path):
    path, folder = song(tmp_path / "song.wav"), tmp_path / "out" / "song"
    folder.mkdir(parents=True)
    (folder / f"a.wav.{os.getppid()}.part").write_bytes(b"at work")
    done = separate_file(Gains(("a",)), one(path), Output(tmp_path / "out"), SHORT, weights=WEIGHTS)
    assert done.replaced == ()
    assert (folder / f"a.wav.{os.getppid()}.part").read_bytes() == b"at work"


def test_stems_that_are_there_stay_unless_told_otherwise(tmp_path):
    path = song(tmp_path / "song.wav")
    there = tmp_path / "out" / "song" / "b.wav"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"b\.wav: already exists; give --overwrite"):
        separate_file(Gains(("a", "b")), one(path), Output(tmp_path / "out"), SHORT)
    assert files_in(tmp_path / "out") == ["song/b.wav"]
    assert there.read_bytes() == b"precious"
    separate_file(Gains(("a", "b")), one(path), Output(tmp_path / "out", overwrite=True), SHORT)
    assert soundfile.info(there).frames == 30_000


def test_the_input_is_never_overwritten(tmp_path):
    path = song(tmp_path / "kick" / "kick.wav")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="is the file to separate"):
        separate_file(Gains(("kick",)), one(path), Output(tmp_path, overwrite=True), SHORT)
    assert path.read_bytes() == before


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    good = song(tmp_path / "in" / "b.wav")
    whole = song(tmp_path / "in" / "c.flac").read_bytes()
    (tmp_path / "in" / "a.wav").write_bytes(b"RIFF but nothing more")
    (tmp_path / "in" / "c.flac").write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2))
    soundfile.write(tmp_path / "in" / "d.wav", np.full((9000, 2), np.nan), 44_100, subtype="FLOAT")
    soundfile.write(tmp_path / "in" / "e.wav", np.zeros((0, 2)), 44_100)
    song(tmp_path / "in" / "f.wav", channels=6)
    sources = find_sources([str(tmp_path / "in")], None).sources
    done = list(separate_files(Gains(("a",)), sources, Output(tmp_path / "out"), SHORT))
    errors = {one.source.name: str(one.error) for one in done}
    assert errors["b"] == "None"
    assert files_in(tmp_path / "out") == ["b/a.wav"]
    assert good.exists()
    assert "cannot be read as audio" in errors["a"]
    assert "cannot be read to its end" in errors["c"]
    assert "at 0.000 s a sample is no finite number" in errors["d"]
    assert "holds no audio frame" in errors["e"]
    assert "6 channels; separate one or two of them, as --channels 1,2" in errors["f"]
    for name, text in errors.items():
        assert "\n" not in text
        assert name == "b" or f"{name}." in text


def test_channels_of_many_are_chosen_from_one_on(tmp_path):
    path = song(tmp_path / "song.wav", channels=4)
    sound, _, _ = audio.read_pcm(path)
    model = Gains(("a",), gain=1.0)
    for chosen in ((3, 1), (4,), (4, 3), (2, 1)):
        separate_file(model, one(path), Output(tmp_path / "out", overwrite=True), SHORT, chosen)
        samples, _, _ = audio.read_pcm(tmp_path / "out" / "song" / "a.wav")
        assert np.array_equal(samples, sound[:, [channel - 1 for channel in chosen]])
    for channels in (1, 2):  # which are taken as they are, as in a folder of all sorts
        few = song(tmp_path / "few.wav", channels=channels)
        separate_file(model, one(few), Output(tmp_path / "out", overwrite=True), SHORT, (3, 1))
        assert np.array_equal(audio.read_pcm(tmp_path / "out" / "few" / "a.wav")[0], audio.read_pcm(few)[0])
    with pytest.raises(UsageError, match="has 4 channels, no channel 5"):
        separate_file(model, one(path), Output(tmp_path / "new"), SHORT, (1, 5))


@pytest.mark.parametrize("moment", [1, 3])
def test_an_interruption_leaves_nothing(tmp_path, monkeypatch, moment):
    path = song(tmp_path / "song.wav", 10 * 44_100)

    def interrupt(read_s, total_s):
        assert total_s == 10.0
        if read_s >= 2 * moment:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        separate_file(Gains(("a",)), one(path), Output(tmp_path / "out"), SHORT, progress=interrupt)
    assert files_in(tmp_path) == ["song.wav"]
    assert not (tmp_path / "out" / "song").exists()


def test_what_is_too_loud_is_told(tmp_path):
    path = song(tmp_path / "song.wav")
    done = separate_file(Gains(("a",), gain=2.0), one(path), Output(tmp_path / "out"), SHORT)
    assert done.clipped > 1000
    done = separate_file(Gains(("a",), gain=2.0), one(path), Output(tmp_path / "o", sample_format="float32"), SHORT)
    assert done.clipped == 0


def test_more_than_a_wav_file_can_hold_becomes_rf64(tmp_path, monkeypatch):
    monkeypatch.setattr(audio.writing, "_WAV_BYTES", 1000)
    path = song(tmp_path / "song.wav", 251)
    separate_file(Gains(("a",)), one(path), Output(tmp_path / "out"), SHORT)
    info = soundfile.info(tmp_path / "out" / "song" / "a.wav")
    assert (info.format, info.frames) == ("RF64", 251)
    assert audio.wav_container(250, 2, "int16") == "wav"


def test_a_pipe_that_outgrows_a_wav_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(audio.writing, "_WAV_BYTES", 100_000)
    path = song(tmp_path / "song.wav")
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff" * 4  # a length that is not known
    inlet, outlet = os.pipe()
    feeder = threading.Thread(target=lambda: os.fdopen(outlet, "wb").write(content))
    feeder.start()
    monkeypatch.setattr(separate_files_module, "_reader", lambda source, output: audio.TrackReader(inlet))
    with pytest.raises(AudioError, match="longer than a WAV file can hold"):
        separate_file(Gains(("a",)), Source(None, "stdin"), Output(tmp_path / "out"), SHORT)
    feeder.join()
    os.close(inlet)
    assert files_in(tmp_path) == ["song.wav"]


@pytest.mark.parametrize("kind", ["int16", "int24", "float32"])
@pytest.mark.parametrize(("channels", "stems"), [(1, ("b",)), (2, ("b",)), (2, ()), (1, ())])
def test_a_pipe_carries_the_same_samples_as_files(tmp_path, kind, channels, stems):
    path = song(tmp_path / "song.wav", channels=channels)
    model = Gains(("a", "b", "c"))
    separate_file(model, one(path), Output(tmp_path / "out", sample_format=kind), CONSISTENT)
    pipe = io.BytesIO()
    done = separate_to_pipe(model, one(path), pipe, Output(sample_format=kind, stems=stems), CONSISTENT)
    assert done.stems == (stems or model.stems)
    assert pipe.getvalue()[4:8] == UNKNOWN.to_bytes(4, "little")
    (tmp_path / "piped.wav").write_bytes(pipe.getvalue())
    samples, rate, _ = audio.read_pcm(tmp_path / "piped.wav")
    expected = [audio.read_pcm(tmp_path / "out" / "song" / f"{name}.wav")[0] for name in done.stems]
    assert rate == 44_100
    assert np.array_equal(samples, np.concatenate(expected, axis=1))


def test_a_pipe_in_and_its_made_up_length(tmp_path, monkeypatch):
    path = song(tmp_path / "song.wav", 5000)
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = b"\xff" * 4
    inlet, outlet = os.pipe()
    with os.fdopen(outlet, "wb") as end:
        end.write(bytes(content))
    with audio.TrackReader(inlet) as reader:
        assert reader.frames is None
        assert reader.name == "standard input"
        blocks = list(reader.blocks(1999))
    os.close(inlet)
    assert [len(block) for block in blocks] == [1999, 1999, 1002]
    assert np.array_equal(np.concatenate(blocks) * 32_768, audio.read_pcm(path)[0])


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    path = song(tmp_path / "song.wav")

    def full(self, data):
        self.error = OSError(28, "No space left on device")
        return len(data)

    monkeypatch.setattr(audio.writing._Sink, "write", full)
    with pytest.raises(AudioError, match="the disk is full"):
        separate_file(Gains(("a",)), one(path), Output(tmp_path / "out"), SHORT)
    assert files_in(tmp_path) == ["song.wav"]
