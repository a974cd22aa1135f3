"""Segments for training: the same items whatever loads them, at the length asked for, stems that sum to the mixture."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from stemgmd_tools.augment.chain.chain import load_chain, make_chain
from stemgmd_tools.augment.dataset import GROUP_STEMS, SegmentDataset, SegmentSampler, segment_loader
from stemgmd_tools.augment.sampling.mixing_options import RandomMix
from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import AugmentError, UsageError

FRAMES = 30_000
LENGTH = 12


@pytest.fixture(scope="module")
def source(kit_files) -> VirtualCorpus:
    return virtual_corpus(kits=kit_files, limit=6)


def dataset(source, **changed) -> SegmentDataset:
    options = {"chain": load_chain("larsnet"), "seed": 3, **changed}
    return SegmentDataset(source, FRAMES, LENGTH, **options)


def augmented_batch(loader) -> torch.Tensor:
    return torch.cat([batch.augmented().stems for batch in loader])


def test_items_do_not_depend_on_batches_or_workers(source):
    alone = augmented_batch(segment_loader(dataset(source), 1))
    assert alone.shape == (LENGTH, len(GROUP_STEMS), 2, FRAMES)
    assert torch.equal(augmented_batch(segment_loader(dataset(source), 5)), alone)
    for start in ("fork", "spawn"):
        loader = segment_loader(dataset(source), 4, num_workers=2, multiprocessing_context=start)
        assert torch.equal(augmented_batch(loader), alone)


def test_ranks_share_an_epoch_and_a_run_goes_on_where_it_stood(source):
    whole = list(SegmentSampler(LENGTH))
    shares = [list(SegmentSampler(LENGTH, rank=rank, ranks=3)) for rank in range(3)]
    assert sorted(key for share in shares for key in share) == whole
    sampler = SegmentSampler(LENGTH)
    sampler.load_state_dict({"epoch": 0, "position": 5})
    assert list(sampler) == whole[5:]
    assert len(sampler) == LENGTH - 5
    assert sampler.state_dict() == {"epoch": 0, "position": 5}


def test_epochs_differ_and_an_item_may_be_asked_for_alone(source):
    segments = dataset(source)
    first, again, later = segments[0, 3], segments[3], segments[1, 3]
    assert first.example == again.example
    assert torch.equal(first.stems, again.stems)
    assert first.example.name != later.example.name


def test_the_mixture_is_the_sum_of_the_stems(source):
    for batch in segment_loader(dataset(source), 4):
        augmented = batch.augmented()
        assert torch.allclose(augmented.mixture, augmented.stems.sum(1), atol=1e-5)


def test_without_a_chain_segments_are_the_source(source):
    for item in (dataset(source, chain=None, stems=tuple(source.tracks["track"].iloc[:1]))[0, i] for i in range(4)):
        example = item.example
        wanted = source.stems(example.performance, example.kit, example.start, FRAMES, example.stems) / 32768
        assert np.array_equal(item.stems.numpy(), wanted.astype(np.float32))


def test_on_a_grid_segments_start_at_its_multiples(source):
    segments = dataset(source)
    segments.set_grid(1_000)
    starts = [segments[index].example.start for index in range(LENGTH)]
    assert any(starts)
    assert not any(start % 1_000 for start in starts)
    for other in (dataset(source, mix=RandomMix()), dataset(source, min_active={"kick": 0.5})):
        with pytest.raises(UsageError, match="a grid goes neither with min_active nor with mix"):
            other.set_grid(1_000)


def test_a_chain_that_changes_time_keeps_the_length(source):
    loader = segment_loader(dataset(source, chain=load_chain("demucs")), 6)
    for batch in loader:
        augmented = batch.augmented()
        assert augmented.stems.shape == (6, len(GROUP_STEMS), 2, FRAMES)
        assert augmented.mixture.shape == (6, 2, FRAMES)


def test_random_mixing_takes_stems_from_elsewhere(source):
    mixed = dataset(source, chain=None, mix=RandomMix(p_original=0.0))
    sources = [{row.parameters["performance"] for row in mixed[0, i].rows} for i in range(LENGTH)]
    assert max(map(len, sources)) > 1
    original = dataset(source, chain=None, mix=RandomMix(p_original=1.0))
    assert all(len({row.parameters["performance"] for row in original[0, i].rows}) == 1 for i in range(LENGTH))


def test_labels_lie_where_the_stems_sound(source):
    for item in (dataset(source, chain=None)[0, i] for i in range(LENGTH)):
        for label in item.labels:
            here = item.stems[int(label["stem"]), :, int(label["frame"]) : int(label["frame"]) + 600]
            assert here.abs().max() > 0


def test_a_batch_may_be_augmented_twice(source):
    batch = next(iter(segment_loader(dataset(source), LENGTH)))
    dry = batch.stems.clone()
    first = batch.augmented().stems
    assert torch.equal(batch.stems, dry) and not torch.equal(first, dry)
    assert torch.equal(batch.augmented().stems, first)
    assert torch.equal(batch.augmented(overwrite=True).stems, first)


def test_chains_may_look_for_hits(source):
    steps = [{"effect": "random_mix", "scope": "stem", "parameters": {"min_hits": 1}}]
    wanted = dataset(source, chain=make_chain({"steps": steps}))
    unasked = dataset(source, chain=make_chain({"steps": [{"effect": "random_mix", "scope": "stem"}]}))
    played, otherwise = (
        sum(len(set(one[0, i].labels["stem"].tolist())) for i in range(LENGTH)) for one in (wanted, unasked)
    )
    assert played > otherwise


def test_impulse_responses_are_the_callers(source):
    step = {"effect": "convolution", "scope": "stem", "parameters": {"impulse_response": "hall", "wet_db": 0}}
    batch = next(iter(segment_loader(dataset(source, chain=make_chain({"steps": [step]})), 3)))
    with pytest.raises(AugmentError, match="pass it in impulse_responses"):
        batch.augmented()
    augmented = batch.augmented(impulse_responses={"hall": torch.ones(1, 1)})
    assert torch.allclose(augmented.stems, 2 * batch.stems, atol=1e-5)


def test_it_pickles(source):
    segments = dataset(source)
    again = pickle.loads(pickle.dumps(segments))
    assert torch.equal(again[0, 1].stems, segments[0, 1].stems)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mix": RandomMix(), "min_active": {"kick": 1.0}}, "cannot be used together"),
        ({"min_active": {"tuba": 1.0}}, "tuba"),
    ],
)
def test_what_does_not_fit_is_refused(source, change, words):
    with pytest.raises(UsageError, match=words):
        dataset(source, **change)


def test_an_epoch_has_an_end(source):
    with pytest.raises(IndexError, match="has 12 items"):
        dataset(source)[0, LENGTH]
    with pytest.raises(UsageError, match="at least 1 item"):
        SegmentDataset(source, FRAMES, 0)
    with pytest.raises(UsageError, match="each rank needs at least one"):
        SegmentSampler(2, rank=0, ranks=3)
