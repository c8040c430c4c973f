"""A headless Chromium driven by selenium, with what it asked the network and what it wrote to its console kept."""

import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.servers.absence import absent

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--lang=en-GB",
)


@pytest.fixture(scope="session")
def chromium_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own. Skipped where Chromium or its driver is not installed."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        absent("chromium", "Chromium and chromedriver are not installed (Debian: chromium, chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    window = webdriver.Chrome(options=options, service=Service(driver))
    window.set_page_load_timeout(30)
    yield window
    window.quit()


@pytest.fixture
def chromium(chromium_process: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The browser at a fresh tab: size, time zone and colour scheme set in one are unknown to the next."""
    window = chromium_process
    first = window.current_window_handle
    window.switch_to.new_window("tab")
    for log in ("browser", "performance"):
        _log_of(window, log)
    yield window
    window.close()
    window.switch_to.window(first)


def resize(window: webdriver.Chrome, width: int, height: int) -> None:
    """Make the page itself exactly that large, which the window's size does not."""
    window.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def prefer_scheme(window: webdriver.Chrome, scheme: str) -> None:
    """Let the page see that its user prefers `light` or `dark`."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def foreign_requests(window: webdriver.Chrome) -> list[str]:
    """Every address that the page asked for, since the last call, that is neither loopback nor inline data."""
    asked = []
    for entry in _log_of(window, "performance"):
        message = orjson.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
        elif message["method"] == "Network.webSocketCreated":
            asked.append(message["params"]["url"])
    assert asked, "the browser's network log is empty, so it proves nothing"
    inline = ("data:", "blob:", "chrome:", "about:")
    return [url for url in asked if not url.startswith(inline) and urlsplit(url).hostname != "127.0.0.1"]


def console_errors(window: webdriver.Chrome) -> list[str]:
    """What the page's console holds at level SEVERE."""
    return [entry["message"] for entry in _log_of(window, "browser") if entry["level"] == "SEVERE"]


def _log_of(window: webdriver.Chrome, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = window.get_log(kind)  # type: ignore[no-untyped-call]  # Selenium leaves it untyped
    return entries
