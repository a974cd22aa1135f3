"""The ready chains from end to end: drawn, rendered, applied; labels lie where the sound is."""

from __future__ import annotations

import numpy as np
import pytest
from toy_pool import GROUP_STEMS
from toy_source import toy_example, toy_source
from toys import RATE

from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.chain import chain_names, load_chain, make_chain
from stemgmd_tools.augment.chain.validation import check_rows
from stemgmd_tools.augment.sampling.draw import draw
from stemgmd_tools.augment.sampling.mixing_options import RandomMix
from stemgmd_tools.augment.sampling.pool import pool_of
from stemgmd_tools.augment.sampling.random_mixing import draw_mix, mix_rows
from stemgmd_tools.augment.symbolic.examples import render_example

SOURCE = toy_source()
POOL = pool_of(SOURCE)
NEAR = round(0.02 * RATE)
ONSET_BOUND_S = 0.001

EVERYTHING = {
    "tempo": ("example", {"rate": {"uniform": [0.8, 1.25]}}),
    "humanise": ("stem", {"sigma_ms": 5}),
    "swing": ("example", {"percent": {"uniform": [50, 66]}}),
    "velocity_curve": ("stem", {"gamma": {"uniform": [0.8, 1.25]}}),
    "velocity_jitter": ("stem", {"sigma": 5}),
    "hit_drop": ("stem", {"share": 0.1}),
    "openness_shift": ("example", {"shift": {"uniform": [-0.2, 0.2]}}),
    "random_mix": ("stem", {"match": "same_bpm"}),
    "kit_swap": ("stem", {}),
    "time_shift": ("stem", {"shift_s": {"uniform": [-0.4, 0.4]}}),
    "tuning": ("stem", {"cents": {"uniform": [-300, 300]}, "spread_cents": 50}),
    "stroke_pitch": ("stem", {"cents": 0, "spread_cents": 50}),
    "damping": ("stem", {"decay": {"uniform": [0.5, 1.2]}}),
}


def test_labels_lie_on_the_attacks_whatever_was_done_to_performance_kits_and_strokes():
    steps = [
        {"effect": name, "scope": scope, "probability": 0.6, "parameters": parameters}
        for name, (scope, parameters) in EVERYTHING.items()
    ]
    chain = make_chain({"steps": steps})
    looked_at, seen = 0, set()
    for copy in range(18):
        example = toy_example(frames=120_000, stems=GROUP_STEMS, name=f"toy+tin+{copy}")
        rows = draw(chain, example, POOL, 0)
        seen |= {row.effect for row in rows}
        rendered = render_example(SOURCE, example, rows)
        amplitude = np.abs(rendered.stems).max(axis=1)
        for stem, onsets in enumerate(rendered.onsets):
            alone = np.diff(onsets, prepend=-RATE, append=10 * RATE) > 4 * NEAR
            for onset in onsets[alone[:-1] & alone[1:]]:
                if NEAR <= onset < 120_000 - NEAR:
                    peak = int(np.argmax(amplitude[stem, onset - NEAR : onset + NEAR])) - NEAR
                    assert abs(peak) <= ONSET_BOUND_S * RATE, (copy, stem, int(onset))
                    looked_at += 1
    assert seen == set(EVERYTHING)
    assert looked_at > 200


@pytest.mark.parametrize("name", chain_names())
def test_a_ready_chain_runs_from_end_to_end(name):
    torch = pytest.importorskip("torch")
    from stemgmd_tools.augment.audio.apply import apply

    chain = load_chain(name)
    for step in chain.steps:
        if library := find_effect(step.effect).library:
            pytest.importorskip(library)
    examples = [toy_example(frames=50_000, stems=GROUP_STEMS, name=f"toy+tin+{copy}") for copy in range(3)]
    rows = [draw(chain, example, POOL, 2) for example in examples]
    rendered = [render_example(SOURCE, example, own) for example, own in zip(examples, rows, strict=True)]
    stems = torch.from_numpy(np.stack([one.stems for one in rendered]))
    applied = apply(rows, stems, sample_rate=RATE, names=GROUP_STEMS, onsets=[one.onsets for one in rendered])
    assert applied.stems.shape[:3] == (3, 5, 2)
    assert torch.isfinite(applied.mixture).all()
    assert applied.mixture.abs().amax() > 0.01
    if name in ("none", "mastered"):
        assert torch.equal(applied.stems, stems)
    if name == "mastered":
        again = apply(rows, stems, sample_rate=RATE, names=GROUP_STEMS)
        assert torch.equal(again.mixture, applied.mixture)
        assert not torch.equal(applied.mixture, stems.sum(dim=1))
    if not any(row.scope == "mixture" for own in rows for row in own):
        assert torch.allclose(applied.mixture, applied.stems.sum(dim=1), atol=1e-6)


def test_labels_lie_on_the_attacks_of_songs_that_were_repitched():
    torch = pytest.importorskip("torch")
    from stemgmd_tools.augment.audio.apply import apply

    repitch = {"rate": {"uniform": [0.88, 1.12]}, "cents": {"choice": [-200, 0, 200]}}
    steps = [
        {"effect": "remix", "scope": "stem"},
        {"effect": "repitch", "scope": "song", "probability": 0.7, "parameters": repitch},
    ]
    looked_at = 0
    for copy in range(8):
        example = toy_example(frames=120_000, stems=GROUP_STEMS, name=f"toy+tin+{copy}")
        rows = draw(make_chain({"steps": steps}), example, POOL, 0)
        rendered = render_example(SOURCE, example, rows)
        out = apply([rows], torch.from_numpy(rendered.stems[None]), sample_rate=RATE, onsets=[rendered.onsets])
        amplitude = out.stems[0].abs().amax(1).numpy()
        for stem, (onsets, warp) in enumerate(zip(rendered.onsets, out.warps[0], strict=True)):
            moved = warp.frames(onsets)
            alone = np.diff(moved, prepend=-RATE, append=10 * RATE) > 4 * NEAR
            for onset in moved[alone[:-1] & alone[1:]]:
                if NEAR <= onset < out.frames[0] - NEAR:
                    peak = int(np.argmax(amplitude[stem, onset - NEAR : onset + NEAR])) - NEAR
                    assert abs(peak) <= 5 * ONSET_BOUND_S * RATE, (copy, stem, int(onset))
                    looked_at += 1
    assert looked_at > 50


def test_rows_of_a_random_mix_run_from_end_to_end():
    torch = pytest.importorskip("torch")
    from stemgmd_tools.augment.audio.apply import apply

    knobs = RandomMix(p_original=0.0, pitch="inconsistent", cents=100, gain_db=(-6.0, 0.0), loudness_lufs=-23.0)
    example = toy_example(frames=60_000, stems=GROUP_STEMS)
    parts = draw_mix(knobs, 0, example.stems, 60_000, POOL, 0)
    rows = check_rows(mix_rows(parts, example, knobs, RATE))
    rendered = render_example(SOURCE, example, rows)
    batch = torch.from_numpy(rendered.stems[None])
    applied = apply([rows], batch, sample_rate=RATE, names=GROUP_STEMS, onsets=[rendered.onsets])
    without = [row for row in rows if row.effect != "gain"]
    before = apply([without], batch, sample_rate=RATE, names=GROUP_STEMS, onsets=[rendered.onsets])
    for stem, part in enumerate(parts):
        ratio = applied.stems[0, stem].abs().amax() / before.stems[0, stem].abs().amax()
        assert 20 * np.log10(float(ratio)) == pytest.approx(part.gain_db, abs=1e-3)
