"""The page in a real headless Chromium: filters, sound, keyboard, both themes, and the page without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, DRIVER, MISSING, Browser, Key
from corpora import IDS
from explore_server import serving

from stemgmd_tools.explore.corpus import ExploredCorpus
from stemgmd_tools.explore.page import explore_page, write_static_page

pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason=MISSING)

DRAWN = "window.explorePage && explorePage.view.drawn === 'spectra'"
GAINS = "explorePage.player.gains.map((node) => Math.round(node.gain.value * 100) / 100)"
SELECTED = "[explorePage.table.selected.performance, explorePage.table.selected.kit]"
NAMELESS = """[...document.querySelectorAll('button, input, select')]
    .filter((one) => !one.ariaLabel && !one.textContent && !one.labels?.[0]?.textContent).length"""


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def choose(browser: Browser, name: str, value: str) -> None:
    browser.evaluate(
        f"(() => {{ const one = document.querySelector('[name={name}]'); one.value = {value!r};"
        " one.dispatchEvent(new Event(one.tagName === 'SELECT' ? 'change' : 'input')); })()"
    )


def rows(browser: Browser) -> list[str]:
    return browser.evaluate("explorePage.table.rows.map((row) => `${row.performance} ${row.kit}`)")


def check_page(browser: Browser) -> None:
    """Filter, play, mute, solo and move by keyboard."""
    browser.wait_for(DRAWN)
    browser.console()
    assert browser.evaluate(NAMELESS) == 0
    assert browser.evaluate("explorePage.table.total") == 6
    choose(browser, "kit", "wood")
    browser.wait_for("explorePage.table.total === 3")
    assert rows(browser) == [f"{name} wood" for name in sorted(IDS[:3])]
    choose(browser, "text", "session2")
    browser.wait_for("explorePage.table.total === 1")
    browser.wait_for("document.querySelectorAll('.bars .term').length === 1")
    browser.click("#filters .plain")
    browser.wait_for("explorePage.table.total === 6")
    browser.evaluate("document.activeElement.blur()")

    browser.press(Key.DOWN)
    browser.wait_for(f"{DRAWN} && explorePage.view.clip.row.kit === 'wood' && !explorePage.view.play.disabled")
    assert browser.evaluate(SELECTED) == [min(IDS[:3]), "wood"]
    browser.press(" ")
    browser.wait_for("explorePage.player.playing && explorePage.audio.context.currentTime > 0")
    assert browser.evaluate("explorePage.player.sources.length") == 9
    assert browser.evaluate("new Set(explorePage.player.buffers.map((buffer) => buffer.length)).size") == 1
    browser.press("2")
    browser.wait_for(f"{GAINS}.join() === '1,0,1,1,1,1,1,1,1'")
    browser.click('[aria-label="Solo kick"]')
    browser.wait_for(f"{GAINS}.join() === '1,0,0,0,0,0,0,0,0'")
    browser.click('[aria-label="Solo kick"]')
    browser.press("2")
    browser.wait_for(f"{GAINS}.join() === '1,1,1,1,1,1,1,1,1'")
    assert browser.console() == []


def test_the_served_page(window: Browser, explored: ExploredCorpus) -> None:
    with serving(explored, explore_page(explored)) as server:
        window.open_url(server.url)
        check_page(window)
        for width in (400, 1400):
            for theme in ("light", "dark"):
                window.show(width, 900, theme)
                assert window.evaluate("document.documentElement.scrollWidth") <= width
        assert window.evaluate("document.querySelector('#clip .facts a').getAttribute('href')") == "kit/wood"


def test_the_page_without_a_server(window: Browser, explored: ExploredCorpus, tmp_path: Path) -> None:
    path = tmp_path / "some.html"
    assert write_static_page(explored, path, 100) == 6
    window.requested()
    window.open(path)
    check_page(window)
    assert {url for url in window.requested() if not url.startswith("data:")} == {path.as_uri()}
