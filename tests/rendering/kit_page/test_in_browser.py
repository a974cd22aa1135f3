"""The page in a real headless Chromium: sounds, groove, keyboard, layouts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, DRIVER, MISSING, Browser, Key
from tone_kits import tone_kits

from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.kit_page.page import write_kit_page

pytestmark = pytest.mark.skipif(CHROMIUM is None or DRIVER is None, reason=MISSING)

DRAWN = "document.documentElement.dataset.drawn === 'true'"
FOCUS = "[document.activeElement.dataset.row, document.activeElement.dataset.column].join()"
SMALL_GAIN = 0.001
"""A gain that approaches zero or one exponentially is this near to it after some milliseconds."""
FEW_TABS = 60
AUDIBLE = 0.01
"""Peak of a sound, full scale 1."""
PEAK = "(wave => (meter.getFloatTimeDomainData(wave), Math.max(...wave)))(new Float32Array(32768))"
NAMELESS = """[...document.querySelectorAll('button, input')]
    .filter((one) => !one.ariaLabel && !one.textContent && !one.labels?.[0]?.textContent).length"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    path = folder / "tin.html"
    write_kit_page(load_kit(tone_kits(folder, {"tin": 331.0})[0]), path)
    return path


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(window: Browser, page: Path) -> Iterator[Browser]:
    """A freshly opened page; whatever is logged on its console fails the test, as does a request for anything else."""
    window.console()
    window.requested()
    window.open(page)
    window.wait_for(DRAWN)
    yield window
    assert window.console() == []
    assert {url for url in window.requested() if not url.startswith("data:")} == {page.as_uri()}


def listen(browser: Browser) -> None:
    """Connect a meter of the last 0.7 s to the output of the page."""
    browser.evaluate(
        "(window.meter = new AnalyserNode(kitPage.audio.context, { fftSize: 32768 }),"
        " kitPage.audio.output.connect(window.meter), 0)"
    )


def gains(browser: Browser) -> list[float]:
    return browser.evaluate("kitPage.groove.gains.map((node) => node.gain.value)")


def wait_for_gains(browser: Browser, audible: set[str]) -> None:
    wanted = [float(piece.value in audible) for piece in PIECES]
    browser.wait_for(f"kitPage.groove.gains.every((node, n) => Math.abs(node.gain.value - {wanted}[n]) < {SMALL_GAIN})")
    assert gains(browser) == pytest.approx(wanted, abs=SMALL_GAIN)


def test_a_cell_plays_and_is_shown(browser: Browser) -> None:
    assert browser.evaluate("kitPage.audio.context === null")  # no browser allows sound before a click
    browser.click('.cell[data-row="1"][data-column="7"]')
    browser.wait_for("kitPage.audio.started === 1 && kitPage.audio.context.state === 'running'")
    before = browser.evaluate("kitPage.audio.context.currentTime")
    browser.wait_for(f"kitPage.audio.context.currentTime > {before}")
    listen(browser)
    browser.click('.cell[data-row="1"][data-column="7"]')
    browser.wait_for(f"{PEAK} > {AUDIBLE}")
    assert "Snare head, velocity 127" in browser.evaluate("document.querySelector('.detail').textContent")
    assert browser.evaluate("document.querySelectorAll('.cell canvas').length") == browser.evaluate(
        "[...document.querySelectorAll('.cell canvas')].filter((one) => one.width > 1).length"
    )


def test_the_groove_starts_all_stems_at_one_time_and_loops_to_the_frame(browser: Browser) -> None:
    browser.click("#groove .primary")
    browser.wait_for("kitPage.groove.passes.length === 1")
    assert browser.evaluate("kitPage.groove.passes[0].sources.filter((source) => source !== null).length") == len(
        PIECES
    )
    lengths = browser.evaluate("kitPage.groove.passes[0].sources.map((source) => source.buffer.length)")
    assert len(set(lengths)) == 1
    browser.wait_for("Number(document.querySelector('#groove input[type=range]').value) > 0")

    listen(browser)
    browser.wait_for(f"{PEAK} > {AUDIBLE}")

    loop_s = browser.evaluate("kitPage.groove.loop_s")
    seek(browser, loop_s - 0.7)
    browser.wait_for("kitPage.groove.passes.length === 2")
    first, second = browser.evaluate("kitPage.groove.passes.map(({ when, offset }) => [when, offset])")
    assert second[1] == 0
    assert second[0] - first[0] == pytest.approx(loop_s - first[1], abs=1e-9)
    browser.click("#groove .primary")
    assert browser.evaluate("kitPage.groove.playing") is False


def test_the_groove_starts_where_the_slider_is_and_a_loop_has_no_end(browser: Browser) -> None:
    seek(browser, 2.5)
    browser.click("#groove .primary")
    browser.wait_for("kitPage.groove.passes.length === 1")
    assert browser.evaluate("kitPage.groove.passes[0].offset") == pytest.approx(2.5)
    loop_s = browser.evaluate("kitPage.groove.loop_s")
    tail_s = browser.evaluate("Number(document.querySelector('#groove input[type=range]').max)") - loop_s
    assert tail_s > 0
    seek(browser, loop_s + tail_s / 2)  # in the tail of the last sounds
    browser.wait_for(f"kitPage.groove.passes.some(({{ offset }}) => Math.abs(offset - {tail_s / 2}) < 0.02)")
    assert browser.evaluate("kitPage.groove.playing") is True
    browser.click("#groove .primary")


def seek(browser: Browser, offset: float) -> None:
    browser.evaluate(
        f"(() => {{ const slider = document.querySelector('#groove input[type=range]'); slider.value = {offset};"
        " slider.dispatchEvent(new Event('input')); slider.dispatchEvent(new Event('change')); })()"
    )


def test_solo_silences_the_other_eight_stems_and_mute_one(browser: Browser) -> None:
    browser.click("#groove .primary")
    browser.wait_for("kitPage.groove.gains.length === 9")
    everything = {piece.value for piece in PIECES}
    wait_for_gains(browser, everything)
    browser.click('[aria-label="Solo snare"]')
    wait_for_gains(browser, {"snare"})
    browser.click('[aria-label="Solo ride"]')
    wait_for_gains(browser, {"snare", "ride"})
    browser.click('[aria-label="Solo snare"]')
    browser.click('[aria-label="Solo ride"]')
    browser.click('[aria-label="Mute hi-hat closed"]')
    wait_for_gains(browser, everything - {"hihat_closed"})
    assert browser.evaluate("""document.querySelector('[aria-label="Mute hi-hat closed"]').ariaPressed""") == "true"


def test_the_page_works_by_keyboard_and_names_every_control(browser: Browser) -> None:
    assert browser.evaluate(NAMELESS) == 0
    for _ in range(FEW_TABS):
        browser.press(Key.TAB)
        assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if browser.evaluate("document.activeElement.classList.contains('cell')"):
            break
    assert browser.evaluate(FOCUS) == "0,0"
    browser.press(Key.RIGHT, Key.RIGHT, Key.DOWN)
    assert browser.evaluate(FOCUS) == "1,2"
    browser.press(Key.LEFT, Key.UP, Key.UP)
    assert browser.evaluate(FOCUS) == "0,1"
    browser.press(Key.ENTER)
    browser.wait_for("kitPage.audio.started === 1")
    browser.press(Key.DOWN, " ")
    browser.wait_for("kitPage.audio.started === 2")
    assert browser.evaluate("document.querySelectorAll('.cell[tabindex=\"0\"]').length") == 1


def test_the_page_fits_narrow_and_wide_windows_in_both_themes(browser: Browser, tmp_path: Path) -> None:
    backgrounds = {}
    for width in (400, 1400):
        for theme in ("light", "dark"):
            browser.show(width, 900, theme)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            backgrounds[theme] = browser.evaluate("getComputedStyle(document.body).backgroundColor")
            picture = tmp_path / f"{width}-{theme}.png"
            picture.write_bytes(browser.screenshot())
            assert picture.read_bytes().startswith(b"\x89PNG")
    assert backgrounds["light"] != backgrounds["dark"]
