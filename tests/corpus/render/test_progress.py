"""What a run says while it works."""

from __future__ import annotations

import io

import pytest

from stemgmd_tools.corpus.folder.job import Outcome
from stemgmd_tools.corpus.render.tally import Tally
from stemgmd_tools.runtime import progress
from stemgmd_tools.runtime.progress import Bar, Lines, Silent, counter_on, progress_on
from stemgmd_tools.runtime.quantities import duration_text, size_text

JOB = Outcome(done=True, performance_s=5.0, files=10, bytes=2_000_000)
WHOLE = Outcome(done=False, performance_s=5.0, files=10, bytes=2_000_000)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "40")


def test_a_terminal_gets_a_bar_and_logs_get_lines_only_if_asked_for():
    assert isinstance(progress_on(Terminal()), Bar)
    assert isinstance(progress_on(Terminal(), lines=True), Bar)
    assert isinstance(progress_on(io.StringIO()), Silent)
    assert isinstance(progress_on(io.StringIO(), lines=True), Lines)
    assert isinstance(progress_on(Terminal(), quiet=True, lines=True), Silent)


def _rendered(*outcomes: Outcome) -> str:
    """Return the last line of the bar of a rendering of 20 s and 40 files."""
    stream, tally = Terminal(), Tally(20.0, 40)
    bar = progress_on(stream)
    bar.update(0.0, 20.0)
    for outcome in outcomes:
        tally.add(outcome)
        bar.update(tally.performance_s, tally.total_s, str(tally))
    bar.close()
    return stream.getvalue().split("\r")[-1]


def test_the_bar_shows_rate_files_bytes_and_time_left():
    last = _rendered(JOB, JOB, WHOLE, WHOLE)
    assert last.startswith("100% |")
    assert " left, " in last
    assert "x real time, 40/40 files, 8.0 MB" in last


def test_jobs_that_were_complete_do_not_count_as_speed():
    assert " 0x real time, 10/40 files, 2.0 MB" in _rendered(WHOLE)


def test_bar_and_lines_show_share_text_time_left_and_messages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    for stream in (Terminal(), io.StringIO()):
        display = progress_on(stream, exact=True, lines=True)
        display.update(0.25, 1.0, "step 1")
        display.say("a message")
        display.update(0.5, 1.0, "step 2")
        display.close()
        for words in ("25.0%", "step 1", "a message\n", "50.0%", "step 2", " left"):
            assert words in stream.getvalue()


def test_lines_are_written_once_a_minute():
    stream = io.StringIO()
    lines = Lines(stream)
    lines.update(0.1, 1.0, "soon")
    lines.say("a message")
    assert stream.getvalue() == "a message\n"


def test_a_second_run_is_shown_from_its_own_beginning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    for stream in (Terminal(), io.StringIO()):
        display = progress_on(stream, exact=True, lines=True)
        display.update(0.5, 1.0)
        display.update(1.0, 1.0)
        display.close()
        stream.truncate(0)
        stream.seek(0)
        for share in (0.1, 0.2):
            display.update(share, 1.0)
        display.close()
        assert " 20.0%" in stream.getvalue()
        assert " left" in stream.getvalue().split("20.0%")[1]


def test_a_bar_of_unknown_length_shows_its_text():
    stream = Terminal()
    bar = Bar(stream, title="drums.wav ")
    bar.update(3.0, None, "2.0x real time")
    bar.close()
    assert "drums.wav " in stream.getvalue()
    assert "2.0x real time" in stream.getvalue()


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
