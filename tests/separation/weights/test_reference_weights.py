"""The weights that ship: small, honest about where they come from, and better than the mixture on kits never heard."""

from __future__ import annotations

import re

from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.pieces import GROUPS
from stemgmd_tools.separation.evaluation.methods.model import TrainedModel
from stemgmd_tools.separation.evaluation.run import Measures, evaluate, evaluation_clips
from stemgmd_tools.separation.evaluation.table import KitSet
from stemgmd_tools.separation.splits.recorded_kits import trained_on
from stemgmd_tools.separation.weights.file import load_weights, shipped_weights

STEMS = tuple(str(group.value) for group in GROUPS)


def test_they_are_small_and_say_what_made_them():
    weights = load_weights(shipped_weights())
    assert shipped_weights().stat().st_size <= 10e6
    assert weights.spec.model == "larsnet-s"
    assert weights.spec.stems == STEMS
    about = weights.about
    assert about["license"] == "Apache-2.0"
    assert about["config"]["data"]["kits"] == ["train", "random:0..39", "random:100..129:spread=2"]
    assert "stemgmd baseline-train" in about["command"]
    assert re.fullmatch("[0-9a-f]{64}", about["data"])
    assert shipped_weights().with_suffix(".md").is_file()


def test_they_separate_kits_that_they_never_heard():
    model = TrainedModel(shipped_weights())
    source = virtual_corpus(None, ["amber_parlour", "meadow_barn"], ids=["drummer1[23]/eval_session/1"])
    clips = evaluation_clips(source, trained=trained_on([model.training_kits], ()))
    table = evaluate(None, [model], clips, Measures(STEMS, max_s=12.0))
    assert set(table["kit_set"]) == {KitSet.HELDOUT}
    there = table[table["present"]]
    assert set(there["stem"]) >= {"kick", "snare", "hihat"}
    gain = there["nsdr_larsnet_db"] - there["mixture_nsdr_larsnet_db"]
    assert (gain > 3.0).all(), there.assign(gain=gain)[["performance", "kit", "stem", "gain"]]
    assert gain.mean() > 10.0
