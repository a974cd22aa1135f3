"""What a run says while it works."""

from __future__ import annotations

import io

import pytest

from stemgmd_tools.corpus.folder.job import Outcome
from stemgmd_tools.corpus.render.progress import ProgressBar, Quiet, counter_on, duration_text, progress_on, size_text

JOB = Outcome(done=True, performance_s=5.0, files=10, bytes=2_000_000)
WHOLE = Outcome(done=False, performance_s=5.0, files=10, bytes=2_000_000)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "40")


def test_a_terminal_gets_a_bar_logs_and_the_quiet_get_nothing():
    assert isinstance(progress_on(Terminal()), ProgressBar)
    assert isinstance(progress_on(io.StringIO()), Quiet)
    assert isinstance(progress_on(Terminal(), quiet=True), Quiet)


def test_the_bar_shows_rate_files_bytes_and_time_left():
    stream = Terminal()
    bar = progress_on(stream)
    bar.start(20.0, 40)
    for outcome in (JOB, JOB, WHOLE, WHOLE):
        bar.update(outcome)
    bar.close()
    last = stream.getvalue().split("\r")[-1]
    assert last.startswith("100% |")
    assert " left, " in last
    assert "x real time, 40/40 files, 8.0 MB" in last


def test_what_was_whole_already_does_not_count_as_speed():
    stream = Terminal()
    bar = ProgressBar(stream)
    bar.start(10.0, 20)
    bar.update(WHOLE)
    bar.close()
    assert "0x real time, 10/20 files, 2.0 MB" in stream.getvalue().split("\r")[-1]


def test_a_counter_draws_on_terminals_only():
    for stream, draws in ((Terminal(), True), (io.StringIO(), False)):
        with counter_on(stream) as counted:
            counted(1, 2)
            counted(2, 2)
        assert bool(stream.getvalue()) is draws


def test_texts_of_sizes_and_durations():
    assert [size_text(n) for n in (0, 999, 1_000, 2_500_000, 3e9, 4.56e12)] == [
        "0 B", "999 B", "1.0 kB", "2.5 MB", "3.0 GB", "4.6 TB",
    ]  # fmt: skip
    assert [duration_text(s) for s in (5, 90, 7_200)] == ["5 s", "1.5 min", "2.00 h"]
