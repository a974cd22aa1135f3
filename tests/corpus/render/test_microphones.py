"""Tracks of microphones: exact sums, the same stems, the same integers from a virtual corpus, verified and resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from microphone_kits import write_kit
from toy_kits import map_data, tone, write_map, write_sound

from stemgmd_tools import open_corpus, render_corpus, render_request
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.kits.bank.cache import open_bank, open_microphones
from stemgmd_tools.kits.sample_map.kit import Kit, load_kit_file
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.settings import RenderSettings

IDS = "drummer13/session1/[57]"
MICROPHONES = ("close", "other", "overhead", "room")


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    return load_kit_file(write_kit(tmp_path_factory.mktemp("kit")))


def render(folder: Path, kit: Kit, **words: object) -> Corpus:
    settings = RenderSettings(**{"microphones": True, **words})  # type: ignore[arg-type]
    request = render_request(kits=str(kit.path), ids=IDS, single_hits=False, settings=settings)
    assert render_corpus(folder, request, jobs=1).complete
    return open_corpus(folder)


@pytest.fixture(scope="module")
def corpus(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return render(tmp_path_factory.mktemp("corpus") / "heard", kit)


def test_the_sounds_of_the_microphones_add_up_to_the_banks(kit: Kit) -> None:
    bank, microphones = open_bank(kit), open_microphones(kit)
    assert microphones.names == MICROPHONES
    for row, sample in enumerate(bank.samples):
        whole = np.zeros((sample["frames"] + sample["onset"], 2))
        step = float(sample["scale"])
        for index in range(len(microphones.names)):
            part = microphones.bank.samples[row + index * microphones.one_shots]
            assert 0 <= part["onset"] <= sample["onset"]
            shift = sample["onset"] - part["onset"]
            sound = microphones.bank.one_shot(row + index * microphones.one_shots) * float(part["scale"])
            whole[shift : shift + len(sound)] += sound
            step += float(part["scale"])
        mixed = bank.one_shot(row) * float(sample["scale"])
        np.testing.assert_allclose(whole[: len(mixed)], mixed, atol=step)
        assert np.abs(whole[len(mixed) :]).max(initial=0) <= step


@pytest.mark.parametrize("offsets", [(0.0, 0.05), (0.05, 0.0), (0.03, 0.05), (0.05, -0.05)])
@pytest.mark.parametrize("ringing", [False, True])
def test_offsets_of_microphones_do_not_part_them_from_the_mix(
    tmp_path: Path, offsets: tuple[float, float], ringing: bool
) -> None:
    sounds = [tone(peak=0.3, seconds=0.3), 0.4 * tone(peak=0.3, seconds=0.3, hertz=700)]
    if ringing:
        time_s = np.arange(len(sounds[0]))[:, None] / 44_100
        sounds[0] = 0.3 * np.cos(2 * np.pi * 300 * time_s)
    for name, sound, offset in zip(("close", "room"), sounds, offsets, strict=True):
        write_sound(tmp_path / f"{name}.wav", sound + offset)
    kick = {"layers": [{"velocity": [1, 127], "takes": [{"close": "close.wav", "room": "room.wav"}]}]}
    kit = load_kit_file(write_map(tmp_path, map_data({"kick": kick}, microphones={"close": {}, "room": {}})))
    bank, microphones = open_bank(kit), open_microphones(kit)
    mixed = bank.one_shot(0) * float(bank.samples["scale"][0])
    total = np.zeros_like(mixed)
    step = float(bank.samples["scale"][0])
    for index in range(2):
        row = microphones.bank.samples[index * microphones.one_shots]
        shift = int(bank.samples["onset"][0] - row["onset"])
        part = microphones.bank.one_shot(index * microphones.one_shots) * float(row["scale"])
        total[shift : shift + len(part)] += part
        step += float(row["scale"])
    np.testing.assert_allclose(total, mixed, atol=2 * step)


def test_a_damaged_track_is_refused(kit: Kit, tmp_path: Path) -> None:
    corpus = render(tmp_path / "heard", kit)
    rows = corpus.manifest("microphones").query("track == 'kick' and not silent")
    row = rows.iloc[0]
    path = corpus.root / row["path"]
    sound, rate = soundfile.read(path, dtype="int16")
    soundfile.write(path, sound[:5000], rate)
    with pytest.raises(CorpusError, match="shorter than its manifest row states"):
        corpus.microphone_stems(row["performance"], "toy")
    soundfile.write(path, sound, 48_000, subtype="PCM_24")
    with pytest.raises(CorpusError, match="has 24 bits at 48000 Hz; the corpus has 16 at 44100"):
        corpus.microphone_stems(row["performance"], "toy")


@pytest.mark.parametrize("sample_format", ["int16", "int24"])
def test_the_tracks_add_up_to_the_last_bit(kit: Kit, tmp_path: Path, sample_format: str) -> None:
    corpus = render(tmp_path / "heard", kit, sample_format=sample_format)
    plain = render(tmp_path / "plain", kit, sample_format=sample_format, microphones=False)
    rows = corpus.manifest("microphones")
    stems = corpus.tracks
    assert len(rows) == len(MICROPHONES) * 10 * stems.groupby(["performance", "kit"]).ngroups
    for (performance, _), tracks in rows.groupby(["performance", "kit"]):
        sounds = {
            (row["microphone"], row["track"]): soundfile.read(corpus.root / row["path"], dtype="int32")[0]
            for _, row in tracks.iterrows()
        }
        for microphone in MICROPHONES:
            total = sum(sounds[microphone, piece.value].astype(np.int64) for piece in PIECES)
            assert np.array_equal(sounds[microphone, "mixture"], total)
        for piece in PIECES:
            path = stems[(stems["performance"] == performance) & (stems["track"] == piece.value)]["path"].iloc[0]
            stem = soundfile.read(corpus.root / path, dtype="int32")[0]
            assert np.array_equal(sum(sounds[name, piece.value].astype(np.int64) for name in MICROPHONES), stem)
            assert np.array_equal(stem, soundfile.read(plain.root / path, dtype="int32")[0])
        assert not sounds["close", "ride"].any()
        hat = corpus.stems(performance, "toy", pieces=["hihat_closed"])
        assert sounds["other", "hihat_closed"].any() == hat.any()
        assert not sounds["other", "snare"].any()


def test_a_virtual_corpus_and_the_files_hold_the_same_integers(kit: Kit, corpus: Corpus) -> None:
    settings = RenderSettings(container="wav", microphones=True)
    played = [corpus.played(name) for name in corpus.performances["performance"]]
    virtual = VirtualCorpus(played, [kit], settings)
    assert virtual.microphone_names("toy") == corpus.microphone_names("toy") == MICROPHONES
    for name in corpus.performances["performance"]:
        whole = virtual.microphone_stems(name, "toy")
        assert whole.shape == (4, 9, 2, corpus.length(name, "toy"))
        assert np.array_equal(whole, corpus.microphone_stems(name, "toy"))
        assert np.array_equal(whole.sum(axis=0), corpus.stems(name, "toy"))
        words = {"start": 30_000, "frames": 50_000, "pieces": ["snare", "kick"], "microphones": ["room", "close"]}
        part = virtual.microphone_stems(name, "toy", **words)
        assert part.any()
        assert np.array_equal(part, whole[[3, 0]][:, [1, 0], :, 30_000:80_000])
        assert np.array_equal(part, corpus.microphone_stems(name, "toy", **words))
        beyond = virtual.microphone_stems(name, "toy", virtual.length(name, "toy") - 10, 30)
        assert beyond.shape[3] == 30 and not beyond[..., 10:].any()


def test_a_microphone_that_would_clip_lowers_all_tracks_alike(tmp_path: Path) -> None:
    """Microphones cancel each other, so that one of them is louder than the mix."""
    loud = load_kit_file(write_kit(tmp_path / "kit", level_db=16, apart=0))
    corpus = render(tmp_path / "heard", loud)
    quiet = render(tmp_path / "plain", loud, microphones=False)
    gains, plain = corpus.tracks["gain_db"], quiet.tracks["gain_db"]
    assert (gains < plain).any()
    assert (gains <= plain).all()
    assert corpus.manifest("microphones")["peak_dbfs"].max() > -0.2
    played = [corpus.played(name) for name in corpus.performances["performance"]]
    virtual = VirtualCorpus(played, [loud], RenderSettings(microphones=True))
    for name in corpus.performances["performance"]:
        assert np.array_equal(virtual.microphone_stems(name, "toy"), corpus.microphone_stems(name, "toy"))
        assert np.array_equal(virtual.stems(name, "toy"), corpus.stems(name, "toy"))
    assert verify_corpus(corpus.root, jobs=1).failures == ()


def test_verify_checks_the_tracks_of_microphones(kit: Kit, tmp_path: Path) -> None:
    corpus = render(tmp_path / "heard", kit, container="wav")
    verdict = verify_corpus(corpus.root, jobs=1)
    assert verdict.failures == ()
    assert verdict.files == len(corpus.tracks) + len(corpus.manifest("microphones")) + 4
    path = (
        corpus.root / corpus.manifest("microphones").query("track == 'kick' and microphone == 'room'")["path"].iloc[0]
    )
    sound, rate = soundfile.read(path, dtype="int16")
    sound[1000] += 1
    soundfile.write(path, sound, rate, subtype="PCM_16")
    assert {failure.check for failure in verify_corpus(corpus.root, jobs=1).failures} == {"hash", "sum"}
    path.unlink()
    assert {failure.check for failure in verify_corpus(corpus.root, jobs=1).failures} == {"file"}


def test_a_second_run_writes_nothing_and_the_option_is_part_of_the_corpus(kit: Kit, corpus: Corpus) -> None:
    times = {path: path.stat().st_mtime_ns for path in corpus.root.rglob("*.flac")}
    assert len(times) == 2 * (10 + 40)
    render(corpus.root, kit)
    assert times == {path: path.stat().st_mtime_ns for path in corpus.root.rglob("*.flac")}
    with pytest.raises(CorpusError, match="microphones True"):
        render(corpus.root, kit, microphones=False)


def test_what_has_no_microphones_is_refused(kit: Kit, corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="kit cedar_hall was not recorded with several microphones"):
        render_request(kits="cedar_hall", limit=1, settings=RenderSettings(microphones=True))
    with pytest.raises(UsageError, match="the stemgmd layout has no tracks of microphones"):
        RenderSettings(layout="stemgmd", container="wav", microphones=True)
    performance = corpus.performances["performance"].iloc[0]
    with pytest.raises(UsageError, match='no microphone "rooom"'):
        corpus.microphone_stems(performance, "toy", microphones=["rooom"])
    plain = VirtualCorpus([corpus.played(performance)], [kit])
    with pytest.raises(UsageError, match="open it with microphones=True"):
        plain.microphone_stems(performance, "toy")
    with pytest.raises(UsageError, match="has no tracks of microphones of toy"):
        render(tmp_path / "plain", kit, microphones=False).microphone_names("toy")
