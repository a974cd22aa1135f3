"""Swapped stems, a stem in the file of another, and the same clip under two names are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from curation_songs import STEMS, times, write_song
from curation_songs import song as bursts

from stemgmd_tools.curation.base import CorpusRule, Preset
from stemgmd_tools.curation.onset_agreement import agreements
from stemgmd_tools.curation.reading import measure_song
from stemgmd_tools.curation.rules import duplicates, labels, leakage
from stemgmd_tools.curation.songs import Song, songs_of


@pytest.fixture
def song(tmp_path: Path) -> Song:
    """Return a clip with known hits."""
    write_song(tmp_path / "song", bursts(4))
    stems = {name: (tmp_path / "song" / f"{name}.wav",) for name in STEMS}
    return Song("song", stems=stems, hits=times(4))


def test_swapped_stems_are_found(song: Song) -> None:
    swapped = replace(song, stems={**song.stems, "kick": song.stems["snare"], "snare": song.stems["kick"]})
    outcome = labels.RULE.judge(measure_song(swapped), Preset.DRUMS)
    assert outcome is not None
    assert outcome.message
    assert outcome.where in {"kick", "snare"}
    right = labels.RULE.judge(measure_song(song), Preset.DRUMS)
    assert right is not None
    assert right.message == ""


def test_a_kick_in_the_snare_file_is_found(song: Song) -> None:
    planted = replace(song, stems={**song.stems, "snare": (*song.stems["snare"], *song.stems["kick"])})
    outcome = labels.RULE.judge(measure_song(planted), Preset.DRUMS)
    assert outcome is not None
    assert (outcome.where, "hits of kick" in outcome.message) == ("snare", True)


@pytest.mark.parametrize(("split", "rule"), [("train", duplicates.RULE), ("test", leakage.RULE)])
def test_a_copy_is_found_without_hits(corpus: Path, split: str, rule: CorpusRule) -> None:
    clips = [replace(measure_song(one), split="train", hits=None) for one in songs_of(corpus)]
    copy = replace(clips[0], name="copy", performance="copy", split=split)
    assert rule.compare(clips) == {}
    flagged = rule.compare([*clips, copy])
    assert set(flagged) == {clips[0].name}  # in alphabetical order, or for the split
    other = leakage.RULE if rule is duplicates.RULE else duplicates.RULE
    assert other.compare([*clips, copy]) == {}


def test_the_same_hits_under_two_names_are_found(corpus: Path) -> None:
    clips = [replace(measure_song(one), fingerprint=()) for one in songs_of(corpus)]
    copy = replace(clips[0], name="copy", performance="copy")
    assert set(duplicates.RULE.compare([*clips, copy])) <= {"copy", clips[0].name}
    assert len(duplicates.RULE.compare([*clips, copy])) == 1


def test_strokes_that_a_ringing_cymbal_hides_are_no_fault() -> None:
    """Only a third of the hits can be told in the sound, each of them where it was struck."""
    hits = {"ride": tuple(0.3 * number for number in range(30)), "kick": tuple(0.3 * n + 0.15 for n in range(30))}
    own, others = agreements({"ride": np.array(hits["ride"][::3]) + 0.01}, hits)
    assert own == {"ride": 1.0}
    assert others == {"ride": ("kick", 0.0)}
    own, others = agreements({"ride": np.array(hits["kick"])}, hits)
    assert own == {"ride": 0.0}
    assert others == {"ride": ("kick", 1.0)}
