"""The picture of some bars: ten rows on one time axis, hits where they sound, levels that compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from toy_kits import toy_kit

from stemgmd_tools.api import load_performances, render
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.performances.bars import bar_span
from stemgmd_tools.performances.tables import Hit
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTE_OF_NUMBER, PIECES
from stemgmd_tools.rendering import plot

pytest.importorskip("matplotlib")
PLAYED = "drummer12/session1/4"
"""98 bpm, 4-4; seven pieces."""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_kit(tmp_path_factory.mktemp("plot"))


def call(*words: str | Path) -> str:
    result = CliRunner().invoke(stemgmd, ["plot", *map(str, words)])
    if isinstance(result.exception, StemgmdError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_rows_show_the_stems_and_lines_their_hits(kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = []
    monkeypatch.setattr(plot, "save_figure", lambda figure, path, dpi: figures.append(figure))
    performance, bank = load_performances(ids=PLAYED)[0], open_bank(load_kit_file(kit))
    span = bar_span(performance, 2, 1)
    plot.plot_bars(performance, bank, span, tmp_path / "bar.png", title="one bar")
    mixture, *stems = figures[0].axes
    assert [axes.get_ylabel() for axes in (mixture, *stems)] == ["mixture", *PIECES]
    assert {axes.get_xlim() for axes in (mixture, *stems)} == {(span.start_s - 0.03, span.end_s)}
    assert len({axes.get_ylim() for axes in stems}) == 1
    bar_s = 4 * 60 / 98
    assert (span.start_s, span.end_s) == pytest.approx((bar_s, 2 * bar_s))
    pcm = render(performance, bank).as_float()[:, :, round((bar_s - 0.03) * 44_100) : round(2 * bar_s * 44_100)]
    for piece, axes in zip(PIECES, stems, strict=True):
        expected = [
            time_s
            for time_s, note in zip(performance.hits["time_s"], performance.hits["note"], strict=True)
            if NOTE_OF_NUMBER[note].piece is piece and bar_s - 0.03 <= time_s < 2 * bar_s
        ]
        assert sorted(line.get_xdata()[0] for line in axes.lines) == pytest.approx(expected)
        drawn = np.concatenate([path.vertices[:, 1] for path in axes.collections[1].get_paths()])
        assert drawn.max() == pytest.approx(max(0.0, pcm[piece.axis].mean(axis=0).max()), abs=1e-6)


@pytest.mark.parametrize(("name", "start"), [("stems.png", b"\x89PNG"), ("stems.svg", b"<?xml")])
def test_the_suffix_decides_the_format(kit: Path, tmp_path: Path, name: str, start: bytes) -> None:
    assert call(PLAYED, "--kit", kit, "--out", tmp_path / name) == f"picture: {tmp_path / name}\n"
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((PLAYED, "--bar", "3"), r"drummer12/session1/4: 1 bars from bar 3: it has bars 1 to 2; give less"),
        ((PLAYED, "--bars", "8"), r"drummer12/session1/4: 8 bars from bar 1: it has bars 1 to 2; give less"),
        (("drummer1/none",), r"id 'drummer1/none': none of all there are \(33"),
        ((PLAYED, "--out", "stems.txt"), r"stems\.txt: no picture format \"\.txt\"; known endings: .*\.png"),
        ((PLAYED, "--out", "nowhere/stems.png"), r"there is no folder nowhere"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    kit: Path, words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        call(*words, "--kit", kit)
    assert not list(tmp_path.iterdir())


def test_a_sound_that_ends_within_the_bars_stays_at_its_hits(
    kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = []
    monkeypatch.setattr(plot, "save_figure", lambda figure, path, dpi: figures.append(figure))
    hits, bpm = [Hit(0.0, 36, 100), Hit(0.5, 38, 100)], 41.0
    performance = Performance(id="short", hits=hits, duration_s=11.7, metadata={"bpm": bpm, "time_signature": "4-4"})
    span = bar_span(performance, 1, 2)
    plot.plot_bars(performance, open_bank(load_kit_file(kit)), span, tmp_path / "bars.png", title="two bars")
    snare = figures[0].axes[1 + PIECES.index("snare")]
    assert [float(text.get_text()) for text in figures[0].axes[-1].get_xticklabels()] == list(range(1, 9))
    drawn = np.concatenate([path.vertices for path in snare.collections[1].get_paths()])
    loudest_s = drawn[np.argmax(np.abs(drawn[:, 1])), 0]
    assert loudest_s == pytest.approx(0.5, abs=0.02)


def test_bars_of_a_performance_without_a_tempo_are_not_known() -> None:
    performance = load_performances(ids=PLAYED)[0]
    without = type(performance)("x", performance.hits, performance.duration_s)
    with pytest.raises(UsageError, match="x: has no tempo and time signature"):
        bar_span(without, 1, 1)
