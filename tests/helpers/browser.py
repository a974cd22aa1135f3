"""A headless Chromium, driven through chromedriver by the WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = "needs Chromium and chromedriver on PATH (Debian: apt install chromium chromium-driver)"
_FLAGS = (
    "--headless",
    "--hide-scrollbars",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_STARTUP_S = 60
_WAIT_S = 60
_STEP_S = 0.05


class Browser:
    """One window of Chromium with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM and DRIVER, MISSING
        self._driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True)
        assert self._driver.stdout is not None
        started = re.compile(r"started successfully on port (\d+)")
        port = next(match[1] for line in self._driver.stdout if (match := started.search(line)))
        self._url = f"http://127.0.0.1:{port}"
        self._http = requests.Session()
        self._http.trust_env = False
        options = {"binary": CHROMIUM, "args": [*_FLAGS, f"--user-data-dir={profile}"]}
        logged = {"browser": "ALL", "performance": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logged}
        try:
            session = self._post("/session", capabilities={"alwaysMatch": wanted})
        except BaseException:
            self._driver.kill()
            raise
        self._url += f"/session/{session['sessionId']}"

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        try:
            self._http.delete(self._url, timeout=_STARTUP_S)
        finally:
            self._driver.terminate()
            self._driver.wait(_STARTUP_S)

    def _post(self, path: str, **body: Any) -> Any:
        answer = self._http.post(self._url + path, json=body, timeout=_STARTUP_S).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def open(self, path: Path) -> None:
        """Open a file and wait until it is loaded."""
        self.open_url(path.absolute().as_uri())

    def open_url(self, url: str) -> None:
        """Open an address and wait until it is loaded."""
        self._post("/url", url=url)

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        return self._post("/execute/sync", script=f"return ({expression});", args=[])

    def wait_for(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + _WAIT_S
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"not true after {_WAIT_S} s: {expression}"
            time.sleep(_STEP_S)

    def click(self, selector: str) -> None:
        """Click the first element of a CSS selector, as the mouse does."""
        element = self._post("/element", using="css selector", value=selector)[_ELEMENT]
        self._post(f"/element/{element}/click")

    def press(self, *keys: str) -> None:
        """Press and release keys one after the other, where the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("/actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def console(self) -> list[str]:
        """Return what was logged on the console since the last call, warnings and errors included."""
        return [entry["message"] for entry in self._post("/se/log", type="browser")]

    def requested(self) -> list[str]:
        """Return the URLs that pages requested since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self._post("/se/log", type="performance")]
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in sent]

    def show(self, width: int, height: int, theme: str) -> None:
        """Set the size of the page in CSS pixels, and the theme, ``light`` or ``dark``."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._devtools("Emulation.setDeviceMetricsOverride", **metrics)
        self._devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def screenshot(self) -> bytes:
        """Return the whole page as PNG."""
        return base64.b64decode(self._devtools("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _devtools(self, command: str, **parameters: Any) -> Any:
        return self._post("/goog/cdp/execute", cmd=command, params=parameters)


class Key:
    """Keys of the WebDriver protocol."""

    TAB = "\ue004"
    ENTER = "\ue007"
    LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"
