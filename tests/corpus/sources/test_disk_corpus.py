"""A corpus on disk as a source of stems."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import soundfile
from corpora import IDS

from stemgmd_tools.audio import read_pcm
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.pieces import PIECES, Piece


def test_a_corpus_is_a_source_of_stems(plain):
    corpus = Corpus(plain)
    assert isinstance(corpus, StemSource)
    assert (corpus.sample_rate, corpus.bit_depth) == (44_100, 16)
    tracks = corpus.tracks.set_index(["performance", "kit", "track"])
    for performance in IDS:
        stems = corpus.stems(performance, "tin")
        assert stems.dtype == np.int16
        assert stems.shape == (9, 2, corpus.length(performance, "tin"))
        for piece in PIECES:
            file = read_pcm(plain / tracks.loc[(performance, "tin", piece.value), "path"])[0]
            assert np.array_equal(stems[piece.axis], file.T)


def test_a_part_is_a_slice_with_silence_beyond_the_end(plain):
    corpus = Corpus(plain)
    whole = corpus.stems(IDS[0], "wood")
    length = corpus.length(IDS[0], "wood")
    assert np.array_equal(corpus.stems(IDS[0], "wood", 1000, 5000), whole[:, :, 1000:6000])
    assert np.array_equal(corpus.stems(IDS[0], "wood", 1000), whole[:, :, 1000:])
    assert np.array_equal(corpus.stems(IDS[0], "wood", 7, 99, ["crash", Piece.KICK]), whole[[8, 0], :, 7:106])
    over = corpus.stems(IDS[0], "wood", length - 10, 30)
    assert np.array_equal(over[:, :, :10], whole[:, :, -10:])
    assert over.shape == (9, 2, 30)
    assert not over[:, :, 10:].any()
    assert not corpus.stems(IDS[0], "wood", length + 10, 30).any()
    assert corpus.stems(IDS[0], "wood", length + 10).shape == (9, 2, 0)


def test_what_was_played_comes_back_whole(plain, request_of):
    for performance in request_of().performances:
        played = Corpus(plain).played(performance.id)
        assert played.duration_s == performance.duration_s
        assert played.metadata == performance.metadata
        for name in ("hits", "pedal", "chokes"):
            assert np.array_equal(getattr(played, name), getattr(performance, name))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "tin"), "holds no performance nobody through kit tin"),
        ((IDS[0], "brass"), "holds no performance drummer13/session1/7 through kit brass"),
        ((IDS[0], "tin", -1), "start is -1"),
        ((IDS[0], "tin", 0, -1), "frames -1"),
        ((IDS[0], "tin", 0, 9, ["cowbell"]), "'cowbell'.*pieces are kick"),
        ((IDS[0], "tin", 0, 9, ["kick", "kick"]), "each may be named once"),
        ((IDS[0], "tin", 0, 9, "kick"), "give a sequence"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(plain, arguments, message):
    with pytest.raises(UsageError, match=message):
        Corpus(plain).stems(*arguments)


def test_a_performance_that_is_not_held_was_not_played(plain):
    with pytest.raises(UsageError, match="holds no performance nobody"):
        Corpus(plain).played("nobody")
    with pytest.raises(UsageError, match="holds no performance nobody"):
        Corpus(plain).kits_of("nobody")


def test_midi_of_something_else_is_found_out(corpus):
    rows = Corpus(corpus).performances.set_index("performance")
    ours, other = (corpus / rows.loc[name, "midi_path"] for name in IDS[:2])
    ours.write_bytes(other.read_bytes())
    with pytest.raises(CorpusError, match="does not hold the hits that were rendered"):
        Corpus(corpus).played(IDS[0])
    ours.unlink()
    with pytest.raises(CorpusError, match="cannot be read"):
        Corpus(corpus).played(IDS[0])


@pytest.mark.parametrize(("rate", "bits"), [(44_100, 24), (48_000, 16)])
def test_a_stem_of_another_form_is_refused(corpus, rate, bits):
    source = Corpus(corpus)
    path = corpus / source.tracks.set_index(["performance", "kit", "track"]).loc[(IDS[0], "tin", "kick"), "path"]
    soundfile.write(path, np.zeros((source.length(IDS[0], "tin"), 2)), rate, f"PCM_{bits}")
    with pytest.raises(
        CorpusError, match=rf"kick\.flac: has {bits} bits at {rate} Hz; the corpus has 16 at 44100; run"
    ):
        source.stems(IDS[0], "tin")


def test_a_corpus_pickles(plain):
    corpus = pickle.loads(pickle.dumps(Corpus(plain)))
    assert np.array_equal(corpus.stems(IDS[0], "tin", 5, 50), Corpus(plain).stems(IDS[0], "tin", 5, 50))
