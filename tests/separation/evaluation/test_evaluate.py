"""Evaluation: rows of methods on clips, bounds without learning, kept clips."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpora import IDS
from tone_kits import tone_kits

pytest.importorskip("torch")

from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.open import open_corpus, virtual_corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.manifest.frames import validate
from stemgmd_tools.performances.select import Selection
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.pieces import GROUPS, PIECES
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.separation.evaluation.methods.base import BLOCK, Callback, Clip, Frames, Method, in_pieces, regrouped
from stemgmd_tools.separation.evaluation.methods.bounds import IdealRatioMask, Mixture, PhaseSensitiveMask
from stemgmd_tools.separation.evaluation.methods.nmf import Nmfd, SemiAdaptive, TemplateKits
from stemgmd_tools.separation.evaluation.methods.templates import Grid, templates_of
from stemgmd_tools.separation.evaluation.metrics.nsdr_larsnet import METRIC as NSDR
from stemgmd_tools.separation.evaluation.metrics.si_sdr import METRIC as SI_SDR
from stemgmd_tools.separation.evaluation.run import (
    EvaluationClip,
    Measures,
    audio_of,
    evaluate,
    evaluation_clips,
    performances_for_test,
)
from stemgmd_tools.separation.evaluation.table import KitSet, evaluation_table
from stemgmd_tools.separation.splits.kit_identity import known_identities
from stemgmd_tools.separation.splits.roles import KitIdentity

FIVE = Measures(tuple(group.value for group in GROUPS), max_s=3.0)
NINE = Measures(tuple(piece.value for piece in PIECES), max_s=1.0)


@pytest.fixture(scope="module")
def kit_files(tmp_path_factory) -> tuple[str, ...]:
    return tone_kits(tmp_path_factory.mktemp("kits"))


@pytest.fixture(scope="module")
def source(kit_files) -> VirtualCorpus:
    return virtual_corpus(None, kit_files, ids=IDS[:3])


@pytest.fixture(scope="module")
def clips(source) -> list[EvaluationClip]:
    return evaluation_clips(source)


class Perfect(Method):
    """Knows the stems, and counts how often it is asked."""

    name = "perfect"

    def __init__(self, gain: float = 1.0) -> None:
        self.gain, self.asked = gain, 0

    @property
    def about(self):
        return {"gain": self.gain}

    def separate(self, clip: Clip) -> Iterator[Frames]:
        self.asked += 1
        for start in range(0, clip.frames, 10_007):
            yield np.float32(self.gain) * clip.both(start, min(10_007, clip.frames - start))[1]


def test_rows_of_a_perfect_method(clips) -> None:
    table = evaluate(None, [Perfect()], clips, FIVE)
    validate(evaluation_table(), table)
    assert len(table) == 3 * 2 * 5
    there = table[table["present"]]
    assert (there["si_sdr_db"] == 100.0).all()
    assert (there["nsdr_larsnet_db"] > 25.0).all()
    assert there["onset_f1"].tolist() == there["reference_onset_f1"].tolist()
    absent = table[~table["present"]]
    assert len(absent)
    assert (absent["nsdr_larsnet_db"] == 0.0).all()
    assert (absent["silence_energy_db"] == -100.0).all()
    assert absent[["si_sdr_db", "onset_f1"]].isna().all(axis=None)
    assert (absent["onsets_per_min"] == 0).all()
    assert set(there["sdr_bss_eval_db"].dropna()) == {100.0}


def test_figures_are_those_of_the_whole_clip(clips) -> None:
    one, longer = clips[0], Measures(FIVE.stems)
    row = evaluate(None, [Perfect(0.7)], [one], longer).set_index("stem").loc["snare"]
    clip = audio_of(one, longer)
    assert clip.frames > BLOCK
    mixture, stems = clip.both(0, clip.frames)
    snare = stems[FIVE.stems.index("snare")]
    assert row["nsdr_larsnet_db"] == pytest.approx(NSDR(snare, np.float32(0.7) * snare))
    assert row["mixture_si_sdr_db"] == pytest.approx(SI_SDR(snare, mixture))
    assert row["duration_s"] == clip.frames / 44_100
    assert np.array_equal(mixture, stems.sum(axis=0))


def test_the_mixture_improves_on_itself_by_nothing(clips) -> None:
    table = evaluate(None, [Mixture()], clips, NINE)
    assert len(table) == 3 * 2 * 9
    for name in ("nsdr_larsnet_db", "usdr_db", "si_sdr_db", "onset_f1"):
        there = table[table["present"]]
        assert there[name].tolist() == there[f"mixture_{name}"].tolist()


def test_kits_are_sorted_by_what_they_are_to_the_method(source) -> None:
    def trained(name: str, *related: str) -> KitIdentity:
        return KitIdentity(name, frozenset(related), frozenset())

    assert {one.kit_set for one in evaluation_clips(source)} == {KitSet.OTHER}
    sets = {one.kit: one.kit_set for one in evaluation_clips(source, recorded={"tin"}, trained=[trained("wood")])}
    assert sets == {"tin": KitSet.RECORDED, "wood": KitSet.SEEN}
    sets = {one.kit: one.kit_set for one in evaluation_clips(source, recorded={"tin"}, trained=[trained("fit", "tin")])}
    assert sets == {"tin": KitSet.RELATED, "wood": KitSet.OTHER}
    shipped = evaluation_clips(virtual_corpus(None, ["birch_room", "amber_parlour"], ids=IDS[:1]))
    assert {one.kit: one.kit_set for one in shipped} == {
        "birch_room": KitSet.SEEN,
        "amber_parlour": KitSet.HELDOUT,
    }
    other = {one.kit: one.kit_set for one in evaluation_clips(shipped[0].source, trained=[trained("amber_parlour")])}
    assert other == {"amber_parlour": KitSet.SEEN, "birch_room": KitSet.HELDOUT}


def test_a_copy_of_a_kit_of_training_is_seen_under_another_name(kit_files, tmp_path: Path) -> None:
    copy = tmp_path / "copied.yaml"
    copy.write_text(Path(kit_files[0]).read_text().replace('"name": "tin"', '"name": "copied"'))
    folder = Path(kit_files[0]).parent
    source = virtual_corpus(None, [str(copy), kit_files[1]], ids=IDS[:1], kit_path=[folder])
    sorted_clips = evaluation_clips(source, trained=known_identities(kit_files[:1], ()))
    assert {one.kit: one.kit_set for one in sorted_clips} == {"copied": KitSet.SEEN, "wood": KitSet.OTHER}


def test_performances_kept_for_the_test_are_those_of_gmd(kit_files) -> None:
    source = virtual_corpus(None, kit_files[:1], ids=IDS)
    assert performances_for_test(source) == {IDS[3]}
    assert [(one.performance, one.split) for one in evaluation_clips(source, allowed=IDS[2:3])] == [
        (IDS[2], "validation")
    ]


@pytest.mark.parametrize("column", ["time_s", "note", "velocity", "openness"])
def test_clips_are_kept_only_while_the_same_is_played(source, column: str) -> None:
    played = source.played(IDS[0])
    hits = played.hits.copy()
    at = int(np.flatnonzero(hits["note"] == 38)[0])
    hits[column][at] = {"time_s": hits["time_s"][at] + 0.001, "note": 40, "velocity": 1, "openness": 0.5}[column]
    (before,), (after,) = (
        evaluation_clips(VirtualCorpus([one], [source.kit("tin")], source.settings))
        for one in (played, replace(played, hits=hits))
    )
    assert before.identity == evaluation_clips(source, allowed=IDS[:1])[0].identity
    assert before.identity != after.identity


def test_performances_are_selected(source) -> None:
    assert {one.performance for one in evaluation_clips(source, selection=Selection(ids=IDS[:1]))} == {IDS[0]}


def test_finished_clips_are_kept_until_something_changes(clips, tmp_path: Path) -> None:
    method = Perfect()
    first = evaluate(tmp_path, [method], clips[:3], FIVE)
    record = next((tmp_path / "clips").rglob("*.json"))
    record.write_bytes(record.read_bytes().replace(b"present", b"presnt"))
    again = evaluate(tmp_path, [method], clips[:4], FIVE)
    assert method.asked == 3 + 2  # the damaged and the new one
    assert again[again["performance"].isin(first["performance"]) & again["kit"].isin(first["kit"])].shape[0] >= len(
        first
    )
    evaluate(tmp_path, [Perfect(0.5)], clips[:4], FIVE)
    changed = Perfect(0.5)
    evaluate(tmp_path, [changed], clips[:4], FIVE)
    assert changed.asked == 0
    evaluate(tmp_path, [changed], clips[:4], Measures(FIVE.stems, max_s=2.0))
    assert changed.asked == 4


@pytest.mark.slow
def test_processes_and_kept_clips_make_no_difference(clips, tmp_path: Path) -> None:
    alone = evaluate(None, [Mixture()], clips[:3], FIVE)
    reported: list[tuple[int, int]] = []
    beside = evaluate(
        tmp_path, [Mixture()], clips[:3], FIVE, jobs=2, progress=lambda done, total: reported.append((done, total))
    )
    assert beside.equals(alone)
    assert reported == [(number, 3) for number in range(1, 4)]
    assert evaluate(tmp_path, [Mixture()], clips[:3], FIVE).equals(alone)


def test_a_corpus_on_disk_gives_the_same_rows(source, clips, tmp_path: Path) -> None:
    performance_source = find_source()
    played = [source.played(clips[0].performance)]
    kits = [source.kit(clips[0].kit)]
    request = Request(
        played, performance_source.midi(), performance_source.kind.value, kits, RenderSettings(), single_hits=False
    )
    render_corpus(tmp_path / "corpus", request, jobs=1)
    written = evaluate(None, [Mixture()], evaluation_clips(open_corpus(tmp_path / "corpus")), FIVE)
    assert written.equals(evaluate(None, [Mixture()], clips[:1], FIVE))


@pytest.mark.parametrize("size", [(1024, 256), (4096, 1024)])
def test_the_ideal_mask_bounds_what_masks_can_do(clips, size, monkeypatch) -> None:
    oracle = IdealRatioMask(*size)
    table = evaluate(None, [oracle], clips[1::2], FIVE)
    there = table[table["present"]]
    assert (there["nsdr_larsnet_db"] > there["mixture_nsdr_larsnet_db"]).all()
    assert (there["si_sdr_db"] - there["mixture_si_sdr_db"]).mean() > 15.0
    assert table.loc[~table["present"], "silence_energy_db"].max() < -95.0
    clip = audio_of(clips[0], Measures(FIVE.stems))
    monkeypatch.setattr("stemgmd_tools.separation.evaluation.methods.bounds._PIECE_SPECTRA", 40)
    pieces = np.concatenate(list(oracle.separate(clip)), axis=-1)
    monkeypatch.setattr("stemgmd_tools.separation.evaluation.methods.bounds._PIECE_SPECTRA", 10_000)
    whole = next(oracle.separate(clip))
    assert np.abs(pieces - whole).max() < 1e-6


def test_no_mask_within_0_and_1_beats_the_phase_sensitive_one(clips) -> None:
    table = evaluate(None, [IdealRatioMask(), PhaseSensitiveMask()], clips[:1], FIVE)
    by_method = table[table["present"]].pivot_table(index="stem", columns="method", values="nsdr_larsnet_db")
    assert (by_method["psm-4096-1024"] > by_method["irm-4096-1024"]).all()


def test_ideal_masks_of_all_stems_sum_to_the_mixture(clips) -> None:
    clip = audio_of(clips[0], FIVE)
    estimate = np.concatenate(list(IdealRatioMask().separate(clip)), axis=-1)
    assert np.abs(estimate.sum(axis=0) - clip.mixture(0, clip.frames)).max() < 1e-5


@pytest.mark.parametrize("kind", [Nmfd, SemiAdaptive])
def test_factorisation_beats_the_mixture_and_own_templates_help(kind, clips, source, kit_files) -> None:
    pytest.importorskip("torchnmf")
    wood = [one for one in clips if one.kit == "wood"][:1]
    own, foreign = kind(TemplateKits("own")), kind(TemplateKits("training", (kit_files[0],)))
    table = evaluate(None, [own, foreign], wood, FIVE)
    there = table[table["present"]].groupby("method")
    better = there["nsdr_larsnet_db"].mean() - there["mixture_nsdr_larsnet_db"].mean()
    assert better[own.name] > 6.0
    assert better[own.name] > better[foreign.name]
    again = evaluate(None, [kind(TemplateKits("own"))], wood, FIVE)
    assert again.equals(table[table["method"] == own.name].reset_index(drop=True))


def test_templates_are_those_of_single_strokes(source) -> None:
    templates = templates_of([source.bank("tin")], Grid(2048, 512, 4))
    assert templates.patches.shape == (1025, 22, 4)
    assert templates.patches.sum(axis=(0, 2)) == pytest.approx(np.ones(22), abs=1e-4)
    loudest = templates.patches.sum(axis=2).argmax(axis=0) * 44_100 / 2048
    assert loudest[templates.pieces.index("kick")] == pytest.approx(331.0, abs=22.0)
    assert loudest[templates.pieces.index("snare")] == pytest.approx(662.0, abs=22.0)


def test_estimates_are_checked(clips) -> None:
    def computed(function):
        return evaluate(None, [Callback("mine", function)], clips[:1], FIVE)

    with pytest.raises(UsageError, match=r"mine: its estimate has shape \(4, 2, \d+\); \(5, 2, frames\) is needed"):
        computed(lambda mixture: np.stack([mixture] * 4))
    with pytest.raises(UsageError, match="frames before the clip does"):
        computed(lambda mixture: np.stack([mixture[:, 1:]] * 5))
    with pytest.raises(UsageError, match="beyond the clip's end"):
        computed(lambda mixture: np.pad(np.stack([mixture] * 5), ((0, 0), (0, 0), (0, 1))))
    with pytest.raises(UsageError, match="no finite number"):
        computed(lambda mixture: np.full((5, *mixture.shape), math.nan, np.float32))
    assert computed(lambda mixture: np.stack([mixture] * 5))["si_sdr_db"].notna().any()


def test_what_cannot_be_asked_for(clips) -> None:
    with pytest.raises(UsageError, match="nothing to evaluate"):
        evaluate(None, [], clips, FIVE)
    with pytest.raises(UsageError, match="two methods have one name"):
        evaluate(None, [Mixture(), Mixture()], clips, FIVE)
    with pytest.raises(UsageError, match="each once"):
        Measures(("kick", "kick"))
    with pytest.raises(UsageError, match="max_s is 0"):
        Measures(("kick",), max_s=0.0)
    with pytest.raises(UsageError, match="exponent is 0"):
        IdealRatioMask(exponent=0.0)


def test_parts_are_cut_and_joined() -> None:
    whole = np.arange(100, dtype=np.float32).reshape(1, 1, 100)
    parts = iter([whole[..., :7], whole[..., 7:8], whole[..., 8:60], whole[..., 60:]])
    regrouped_parts = list(regrouped(parts, [10, 40, 50]))
    assert [part.shape[-1] for part in regrouped_parts] == [10, 40, 50]
    assert np.array_equal(np.concatenate(regrouped_parts, axis=-1), whole)


def test_pieces_hear_their_surroundings(clips) -> None:
    clip = audio_of(clips[0], FIVE)
    asked: list[tuple[int, int]] = []

    def separate(first: int, frames: int) -> Frames:
        asked.append((first, frames))
        return clip.both(first, frames)[1]

    joined = np.concatenate(list(in_pieces(clip, 100_000, 5_000, separate)), axis=-1)
    assert np.array_equal(joined, clip.both(0, clip.frames)[1])
    assert asked[1] == (95_000, min(110_000, clip.frames - 95_000))


def test_records_are_readable(clips, tmp_path: Path) -> None:
    evaluate(tmp_path, [Mixture()], clips[:1], FIVE)
    path = next((tmp_path / "clips" / "mixture").rglob("*.json"))
    content = json.loads(path.read_bytes().partition(b"\n")[2])
    assert set(content["content"]["figures"]) == set(FIVE.stems)
