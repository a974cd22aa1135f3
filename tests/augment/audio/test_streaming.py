"""A few stems at a time: the very samples of all at once, and the memory of a few."""

from __future__ import annotations

import subprocess
import sys
import weakref

import numpy as np
import pytest
from toy_source import PIECE_STEMS, row, toy_example, toy_source
from toys import RATE

torch = pytest.importorskip("torch")

from stemgmd_tools.augment.audio import streaming  # noqa: E402
from stemgmd_tools.augment.audio.streaming import Work, apply_streamed  # noqa: E402
from stemgmd_tools.augment.chain.catalogue import find_effect  # noqa: E402
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row  # noqa: E402
from stemgmd_tools.augment.corpus.pcm import quantise_stems  # noqa: E402
from stemgmd_tools.augment.symbolic import renderer  # noqa: E402
from stemgmd_tools.augment.symbolic.examples import ExampleRenderer  # noqa: E402
from stemgmd_tools.augment.symbolic.renderer import Renderer  # noqa: E402

SOURCE = toy_source()
FRAMES = 60_000
STEM_BYTES = 8 * FRAMES
CHOSEN = {
    "cents": -170.0, "drive": 3.0, "frequency_hz": 300.0, "gain_db": -3.0, "rate": 0.93, "lufs": -25.0, "seed": 5,
    "level_dbfs": -60.0, "threshold_db": -20.0, "ratio": 3.0, "attack_db": 4.0, "sustain_db": -3.0, "decay_s": 0.3,
}  # fmt: skip


def step(number: int, effect: str, stem: int = ALL_STEMS, scope: str = "", **changed: float) -> Row:
    values = {p.name: CHOSEN.get(p.name, p.default) for p in find_effect(effect).parameters}
    return Row(
        "d/1+tin+1", number, effect, scope or ("example" if stem == ALL_STEMS else "stem"), stem, {**values, **changed}
    )


ON_STEMS = (
    *(step(1, "pitch_shift", stem) for stem in (6, 0, 1, 2, 5)),
    step(2, "high_pass_filter", 1),
    step(3, "peaking_filter", 1),
    step(3, "peaking_filter", 5),
    *(step(4, "saturation", stem) for stem in (8, 5, 3)),
    step(5, "noise_floor"),
    step(6, "time_stretch"),
    step(7, "transient_shaper", 0),
    step(8, "repitch", 2, fastest=1.1, rate=1.1),
    step(8, "repitch", 3, fastest=1.1, cents=100.0),
    *(step(8, "repitch", stem, fastest=1.1, rate=1.0, cents=0.0) for stem in (0, 1, 4, 5, 6, 7, 8)),
    step(9, "pitch_shift", 0),
    step(9, "pitch_shift", 7),
)
TO_ONE_LOUDNESS = (step(10, "loudness_normalization"), step(11, "compressor", 1), step(12, "low_pass_filter", 8))
ONE_BUS = (step(10, "bus_compression"), step(11, "peaking_filter", 1), step(12, "bus_compression"))
ON_THE_MIXTURE = tuple(
    step(13 + number, effect, scope="mixture")
    for number, effect in enumerate(("bleed", "room_reverb", "compressor", "limiter"))
)


def streamed(rows: tuple[Row, ...], tmp_path):
    """Return what becomes of an example, as floats and as the integers that are written."""
    work = Work(rows, PIECE_STEMS, RATE, "cpu", {})
    take = ExampleRenderer(SOURCE, toy_example(FRAMES), rows, Renderer(SOURCE))
    done = next(apply_streamed([(take, work)], tmp_path))
    tracks = quantise_stems(done.stems, done.mixture, 16)
    return (
        done.stems.part(0, done.stems.frames).copy(),
        done.mixture,
        done.warps,
        *tracks.part(0, tracks.frames),
        tracks,
    )


@pytest.mark.parametrize("stems_at_once", [1, 2, 4])
@pytest.mark.parametrize(
    "rows",
    [
        (),
        ON_STEMS,
        ON_STEMS + TO_ONE_LOUDNESS,
        ON_STEMS + ONE_BUS,
        ON_STEMS + ON_THE_MIXTURE,
        TO_ONE_LOUDNESS + ON_THE_MIXTURE,
        (row("tempo", rate=1.1), row("damping", 1, 1, decay=0.7), *ON_THE_MIXTURE),
    ],
)
def test_a_few_stems_at_a_time_give_the_very_samples_of_all_at_once(monkeypatch, tmp_path, rows, stems_at_once):
    assert STEM_BYTES * 9 < streaming.MOST_AT_ONCE
    together = streamed(rows, tmp_path)
    monkeypatch.setattr(streaming, "MOST_AT_ONCE", stems_at_once * STEM_BYTES + 1)
    monkeypatch.setattr(streaming, "PART_FRAMES", 7_001)
    in_turn = streamed(rows, tmp_path)
    for one, other in zip(together[:-1], in_turn[:-1], strict=True):
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other
    assert together[-1].gain_db == in_turn[-1].gain_db
    assert together[-1].silent == in_turn[-1].silent
    assert together[0].any()


def test_a_stem_is_gone_from_memory_before_the_next_is_rendered(monkeypatch, tmp_path):
    alive: list[weakref.ref] = []
    rendered = ExampleRenderer.stems

    def counted(take, axes):
        assert not [one for one in alive if one() is not None]
        assert len(axes) == 1
        stems = rendered(take, axes)
        alive.append(weakref.ref(stems))
        return stems

    monkeypatch.setattr(ExampleRenderer, "stems", counted)
    monkeypatch.setattr(streaming, "MOST_AT_ONCE", 1)
    streamed(ON_STEMS + ON_THE_MIXTURE, tmp_path)
    assert len(alive) == 9


def test_sound_that_is_not_finite_is_refused(monkeypatch, tmp_path):
    rendered = ExampleRenderer.stems

    def broken(take, axes):
        stems = rendered(take, axes)
        stems[list(axes).index(4), 0, 17] = np.nan if 4 in axes else 0.0
        return stems

    monkeypatch.setattr(
        ExampleRenderer, "stems", lambda take, axes: broken(take, axes) if 4 in axes else rendered(take, axes)
    )
    monkeypatch.setattr(streaming, "MOST_AT_ONCE", 1)
    with pytest.raises(streaming.AugmentError, match="stem 4"):
        streamed(ON_STEMS, tmp_path)


@pytest.mark.parametrize("most_reshaped", [1, 1 << 25])
def test_strokes_rendered_in_parts_are_those_of_the_whole(monkeypatch, most_reshaped):
    rows = (row("tuning", 1, cents=150.0, spread_cents=50.0, seed=3), row("damping", 1, 1, decay=0.7))
    rows += (row("stroke_pitch", 5, 2, cents=0.0, spread_cents=20.0, seed=4), row("tempo", rate=0.9))
    take = ExampleRenderer(SOURCE, toy_example(FRAMES), rows, Renderer(SOURCE))
    whole = take.stems(range(9))
    monkeypatch.setattr(renderer, "AT_ONCE_FRAMES", 3_001)
    monkeypatch.setattr(renderer, "MOST_RESHAPED_FRAMES", most_reshaped)
    monkeypatch.setattr(renderer, "FEWEST_FRAMES", 9_000)
    assert whole[[1, 5]].any(axis=(1, 2)).all()
    assert np.array_equal(take.stems(range(9)), whole)
    assert np.array_equal(take.stems([5, 1]), whole[[5, 1]])


MEMORY = """
import resource, sys
from pathlib import Path
import numpy as np, torch
from stemgmd_tools.augment.audio import streaming
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.corpus.pcm import quantise_stems
from stemgmd_tools.augment.chain.rows import Row
torch.set_num_threads(1)
rate = 8_000
streaming.MOST_AT_ONCE = 1
names = ("kick", "snare", "hi_tom", "mid_tom", "low_tom", "hihat_closed", "hihat_open", "ride", "crash")
given = {"cents": -200.0, "drive": 3.0, "gain_db": -3.0, "threshold_db": -20.0, "ratio": 3.0, "seed": 5}

class ExampleRenderer:
    def __init__(self, frames):
        self.frames = frames
    def stems(self, axes):
        sound = np.zeros((len(axes), 2, self.frames), np.float32)
        for axis, stem in zip(axes, sound, strict=True):
            stroke = np.sin(np.arange(2_000) * (axis + 1) / 20) * np.exp(-np.arange(2_000) / 400)
            stem.reshape(2, -1, 4_000)[:, :, :2_000] = stroke * 0.1
        return sound
    def onsets(self, axes):
        return [np.arange(0, self.frames, 4_000)] * len(axes)

def step(number, effect, stem, scope):
    values = {p.name: given.get(p.name, p.default) for p in find_effect(effect).parameters}
    return Row("one", number, effect, scope, stem, values)

rows = [step(0, "pitch_shift", stem, "stem") for stem in (0, 4)]
rows += [step(1, "saturation", stem, "stem") for stem in range(9)]
rows += [step(2, "bleed", -1, "mixture"), step(3, "compressor", -1, "mixture"), step(4, "limiter", -1, "mixture")]

def written(frames):
    work = streaming.Work(rows, names, rate, "cpu", {})
    done = next(streaming.apply_streamed([(ExampleRenderer(frames), work)], Path(sys.argv[1])))
    assert all(stems.any() for stems, _ in quantise_stems(done.stems, done.mixture, 16).blocks(rate * 60))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

frames = rate * 600
before = written(rate * 60)
print((written(frames) - before) / (8 * frames))
"""
STEMS_IN_MEMORY = 4.0
"""What a line and its effects take more for ten minutes than for one, in stems; all nine stems and the mixture at once
take more than ten."""


def test_nine_long_stems_take_the_memory_of_a_few(tmp_path):
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < STEMS_IN_MEMORY
    assert list(tmp_path.iterdir()) == []
