"""Examples: what is heard in each stem, to the bit where nothing is resampled, and labels that follow."""

from __future__ import annotations

import numpy as np
import pytest
from toy_pool import GROUP_STEMS
from toy_source import KITS, PIECE_STEMS, row, toy_example, toy_source
from toys import RATE

from stemgmd_tools.augment.chain.chain import make_chain
from stemgmd_tools.augment.chain.rows import rows_from_json, rows_to_json
from stemgmd_tools.augment.sampling.draw import draw
from stemgmd_tools.augment.sampling.pool import pool_of
from stemgmd_tools.augment.symbolic.examples import render_example
from stemgmd_tools.pieces import PIECES_OF_GROUP, Group, Piece, note_of
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan

SOURCE = toy_source()
HALF_STEP = 0.5 / 32768
"""Half a step of 16 bits: floats that were not rounded differ by at most this from integers that were."""


def slices(performance: str, kit: str, start: int = 20_000, frames: int = 60_000):
    return SOURCE.stems(performance, kit, start, frames).astype(np.float32) / 32768


def test_without_rows_an_example_is_a_slice_of_its_source():
    rendered = render_example(SOURCE, toy_example())
    assert rendered.stems.dtype == np.float32
    assert np.array_equal(rendered.stems, slices("d/1", "tin"))
    assert rendered.performance is SOURCE.played("d/1")


def test_groups_are_the_sums_of_their_pieces():
    rendered = render_example(SOURCE, toy_example(stems=GROUP_STEMS)).stems
    pieces = slices("d/1", "tin")
    for index, name in enumerate(GROUP_STEMS):
        axes = [piece.axis for piece in PIECES_OF_GROUP[Group(name)]]
        assert np.array_equal(rendered[index], pieces[axes].sum(axis=0))


def test_a_whole_example_is_as_long_as_its_longest_sound():
    rendered = render_example(SOURCE, toy_example(start=0, frames=None))
    assert rendered.stems.shape == (9, 2, SOURCE.length("d/1", "tin"))
    slow = render_example(SOURCE, toy_example(start=0, frames=None), [row("tempo", rate=0.5)])
    assert slow.stems.shape[2] > 1.9 * rendered.stems.shape[2]


def test_a_whole_example_holds_a_stem_that_was_shifted_too():
    plain = render_example(SOURCE, toy_example(start=0, frames=None)).stems
    later = render_example(SOURCE, toy_example(start=0, frames=None), [row("time_shift", 0, shift_s=0.5)]).stems
    assert later.shape[2] == plain.shape[2] + RATE // 2
    assert np.array_equal(later[0, :, RATE // 2 :], plain[0])


def test_a_whole_example_all_of_whose_stems_are_from_elsewhere_keeps_its_length():
    rows = [
        row("random_mix", stem, match="any", min_hits=0, performance="d/2", kit="tin", start_s=0.0) for stem in range(9)
    ]
    rendered = render_example(SOURCE, toy_example(start=0, frames=None), rows)
    assert rendered.stems.shape[2] == SOURCE.length("d/1", "tin")
    assert rendered.stems.any()


def test_a_segment_at_another_tempo_starts_with_the_same_stroke():
    plain = render_example(SOURCE, toy_example())
    slow = render_example(SOURCE, toy_example(), [row("tempo", rate=0.8)])
    assert len(slow.labels) < len(plain.labels)
    for stem in range(9):
        before, after = plain.onsets[stem], slow.onsets[stem]
        assert np.abs(after - before[: len(after)] / 0.8).max(initial=0) <= 1


def test_beyond_the_end_there_is_silence():
    length = SOURCE.length("d/1", "tin")
    rendered = render_example(SOURCE, toy_example(start=length - 100, frames=5000))
    assert rendered.stems.shape[2] == 5000
    assert not rendered.stems[:, :, 100:].any()


def test_kit_swap_is_the_other_kits_stem_and_the_rest_stays():
    rendered = render_example(SOURCE, toy_example(), [row("kit_swap", 1, kit="wood"), row("kit_swap", 4, kit="brass")])
    expected = slices("d/1", "tin")
    expected[1], expected[4] = slices("d/1", "wood")[1], slices("d/1", "brass")[4]
    assert np.array_equal(rendered.stems, expected)


def test_a_swap_for_all_is_the_performance_through_the_other_kit():
    rendered = render_example(SOURCE, toy_example(), [row("kit_swap", kit="brass")])
    assert np.array_equal(rendered.stems, slices("d/1", "brass"))


def test_doubling_is_half_the_sum_and_follows_a_swap():
    tin, wood, brass = (slices("d/1", kit) for kit in KITS)
    once = render_example(SOURCE, toy_example(), [row("doubling", 0, kit="wood")]).stems
    assert np.array_equal(once[0], 0.5 * tin[0] + 0.5 * wood[0])
    assert np.array_equal(once[1:], tin[1:])
    swapped = [row("kit_swap", 0, kit="wood"), row("doubling", 0, 1, kit="brass")]
    assert np.array_equal(render_example(SOURCE, toy_example(), swapped).stems[0], 0.5 * wood[0] + 0.5 * brass[0])
    twice = [row("doubling", 0, kit="wood"), row("doubling", 0, 1, kit="brass")]
    expected = 0.25 * tin[0] + 0.25 * wood[0] + 0.5 * brass[0]
    assert np.allclose(render_example(SOURCE, toy_example(), twice).stems[0], expected, atol=1e-7)


def test_doubling_with_itself_is_the_stem():
    rendered = render_example(SOURCE, toy_example(), [row("doubling", kit="tin")])
    assert np.array_equal(rendered.stems, slices("d/1", "tin"))


def test_random_mixes_are_slices_of_the_others_and_labels_are_theirs():
    rows = [row("random_mix", 0, match="any", min_hits=0, performance="d/2", kit="wood", start_s=1.5)]
    rendered = render_example(SOURCE, toy_example(), rows)
    start = round(1.5 * RATE)
    assert np.array_equal(rendered.stems[0], slices("d/2", "wood", start)[0])
    assert np.array_equal(rendered.stems[1:], slices("d/1", "tin")[1:])
    theirs = SOURCE.played("d/2").hits
    frames = np.rint(theirs["time_s"][theirs["note"] == 36] * RATE) - start
    assert rendered.onsets[0].tolist() == frames[(frames >= 0) & (frames < 60_000)].tolist()


@pytest.mark.parametrize("shift_s", [0.3, -0.3, 1.2])
def test_a_shifted_stem_loses_nothing_and_its_labels_move_along(shift_s):
    rendered = render_example(SOURCE, toy_example(), [row("time_shift", 1, shift_s=shift_s)])
    later = round(shift_s * RATE)
    whole = slices("d/1", "tin", 0, 200_000)[1]
    first = 20_000 - later
    expected = np.zeros((2, 60_000), np.float32)
    silent = max(-first, 0)
    expected[:, silent:] = whole[:, max(first, 0) : max(first, 0) + 60_000 - silent]
    assert np.array_equal(rendered.stems[1], expected)
    hits = SOURCE.played("d/1").hits
    frames = np.rint(hits["time_s"][hits["note"] == 38] * RATE) - 20_000 + later
    assert rendered.onsets[1].tolist() == frames[(frames >= 0) & (frames < 60_000)].tolist()


def test_labels_are_the_hits_of_each_stem():
    rendered = render_example(SOURCE, toy_example())
    hits = SOURCE.played("d/1").hits
    frames = np.rint(hits["time_s"] * RATE).astype(int) - 20_000
    inside = (frames >= 0) & (frames < 60_000)
    assert len(rendered.labels) == inside.sum()
    assert sorted(rendered.labels["frame"].tolist()) == sorted(frames[inside].tolist())
    for stem, name in enumerate(PIECE_STEMS):
        mine = rendered.labels[rendered.labels["stem"] == stem]
        assert (np.diff(mine["frame"]) >= 0).all()
        assert {note_of(note).piece for note in mine["note"].tolist()} <= {Piece(name)}


def test_a_changed_performance_is_rendered_as_the_mixer_renders_it():
    rows = [
        row("tempo", rate=1.1),
        row("velocity_curve", step=1, gamma=1.5),
        row("hit_drop", step=2, share=0.2, max_velocity=127, seed=4),
    ]
    rendered = render_example(SOURCE, toy_example(start=0, frames=None), rows)
    expected = mix(plan(rendered.performance, SOURCE.bank("tin")), SOURCE.bank("tin"))
    assert rendered.stems.shape == expected.pcm.shape
    assert np.abs(rendered.stems - expected.as_float()).max() <= HALF_STEP
    frames = np.rint(rendered.performance.hits["time_s"] * RATE)
    assert sorted(rendered.labels["frame"].tolist()) == sorted(frames.tolist())


def test_segments_of_a_changed_performance_are_slices_of_the_whole():
    rows = [row("tempo", rate=0.9), row("kit_swap", 2, 1, kit="wood"), row("time_shift", 3, 2, shift_s=0.1)]
    rows += [row("stroke_pitch", 0, 3, cents=-300.0, spread_cents=40.0, seed=6), row("damping", 0, 4, decay=0.7)]
    whole = render_example(SOURCE, toy_example(start=0, frames=None), rows).stems
    for start, frames in ((0, 10_000), (33_333, 44_444), (100_001, 7)):
        part = render_example(SOURCE, toy_example(start=start, frames=frames), rows).stems
        moved = round(start / 0.9)  # the same moment of the music
        assert np.array_equal(part, whole[:, :, moved : moved + frames])


def test_a_tempo_of_one_changes_less_than_the_rounding():
    rendered = render_example(SOURCE, toy_example(), [row("tempo", rate=1.0)])
    assert np.abs(rendered.stems - slices("d/1", "tin")).max() <= HALF_STEP


def test_audio_rows_are_passed_over_and_files_are_read_once_per_kit_and_place():
    source = toy_source()
    rows = [row("kit_swap", 0, kit="wood"), row("kit_swap", 1, kit="wood"), row("gain", 0, 1, gain_db=-6.0)]
    render_example(source, toy_example(), rows)
    assert sorted(source.reads) == [("d/1", "tin", 20_000), ("d/1", "wood", 20_000)]


def test_rows_that_went_through_json_make_the_same_example_to_the_bit():
    names = ("tempo", "humanise", "velocity_jitter", "kit_swap", "doubling", "tuning", "stroke_pitch", "damping")
    parameters = {
        "tempo": {"rate": {"uniform": [0.9, 1.1]}},
        "humanise": {"sigma_ms": 5},
        "velocity_jitter": {"sigma": 6},
        "tuning": {"cents": {"uniform": [-200, 200]}, "spread_cents": 30},
        "stroke_pitch": {"cents": 0, "spread_cents": 25},
        "damping": {"decay": {"uniform": [0.4, 1.2]}},
    }
    performed = ("tempo", "humanise", "velocity_jitter")
    steps = [
        {
            "effect": name,
            "scope": "example" if name in performed else "stem",
            "probability": 0.7,
            "parameters": parameters.get(name, {}),
        }
        for name in names
    ]
    rows = draw(make_chain({"steps": steps}), toy_example(), pool_of(SOURCE), 7)
    assert {row.effect for row in rows} >= {"tempo", "kit_swap", "stroke_pitch"}
    first = render_example(SOURCE, toy_example(), rows)
    second = render_example(toy_source(), toy_example(), rows_from_json(rows_to_json(rows)))
    assert np.array_equal(first.stems, second.stems)
    assert np.array_equal(first.labels, second.labels)
