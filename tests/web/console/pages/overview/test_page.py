"""The console in headless Chromium, over a served city with the real embedded store."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
import uvloop
from nicegui import ui
from prometheus_client import CollectorRegistry
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from domain.devices import Device
from domain.errors import TransientFault
from domain.events import Severity, Text
from domain.ledger import Ledger
from domain.time.units import MINUTE_MS
from tests.servers.chromium import console_errors, foreign_requests, prefer_scheme, resize
from tests.web.city import NOON_MS, City, cleared, lamp, lamp_out, open_city
from web.console import mounting
from web.console.pages import PAGES
from web.console.shell.frame import TitleBar, add_styles
from web.console.shell.page import ConsoleContext, ConsolePage, Refresh
from web.http.language import Language
from web.serving.app import create_app
from web.serving.server import serve

pytestmark = pytest.mark.browser

LAMPS = 299
WAIT_S = 15
DESK, PHONE = (1440, 900), (390, 844)
_T = TypeVar("_T")


@dataclass
class ServedCity:
    """A city served from a thread of its own, as NiceGUI knows one app a process."""

    city: City
    loop: asyncio.AbstractEventLoop
    url: str
    outage: TransientFault | None = None

    def do(self, work: Awaitable[_T]) -> _T:
        async def run() -> _T:
            return await work

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(WAIT_S)


def middle() -> Device:
    """The one device in the very middle of the map."""
    return replace(lamp(LAMPS), device_id="MIDDLE", name="Middle lamp", lon=120.5572, lat=31.87611, area=None)


async def populate(city: City) -> None:
    """Lamps on for half an hour; number 7 goes dark and has an open event."""
    lamps = [*(lamp(i) for i in range(LAMPS)), middle()]
    await city.put(*lamps, replace(lamp(0), device_id="NOWHERE", lat=None, lon=None))
    minutes = range(NOON_MS - 30 * MINUTE_MS, NOON_MS, MINUTE_MS)
    await city.report_all(
        [(each, at, {"active_power": 96.0, "dimming_level": 80.0}) for each in lamps for at in minutes]
    )
    await city.report_all(
        [(lamp(7), NOON_MS + i * MINUTE_MS, {"active_power": 1.0, "dimming_level": 80.0}) for i in range(15)]
    )
    now_ms = NOON_MS + 15 * MINUTE_MS
    city.tick(now_ms)
    for each in lamps:
        city.read_report(each, now_ms)
    await city.publish(lamp_out(lamp(7), NOON_MS + 10 * MINUTE_MS))


def total_page(context: ConsoleContext, language: Language) -> Refresh:
    """A second page, of one figure."""
    add_styles()
    TitleBar("/console/total", context.zone, language)
    total = ui.label("").classes("total")

    async def refresh() -> None:
        total.set_text(str((await context.snapshots.current()).counts.devices))

    return refresh


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[ServedCity]:
    started: Future[ServedCity] = Future()
    stopped: Future[Callable[[], object]] = Future()

    async def run(folder: Path) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stopped.set_result(lambda: loop.call_soon_threadsafe(stop.set))
        async with open_city(folder, migrated) as city:
            await populate(city)
            served = ServedCity(city, loop, "")
            services = city.services()

            async def ledger() -> Ledger:
                if served.outage is not None:
                    raise served.outage
                return await services.ledger()

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(mounting, "PAGES", (*PAGES, ConsolePage("/console/total", "Total", total_page)))
                app = create_app(
                    replace(services, ledger=ledger), zone=ZoneInfo("Asia/Shanghai"), registry=CollectorRegistry()
                )

            def announce(port: int) -> None:
                served.url = f"http://127.0.0.1:{port}"
                started.set_result(served)

            await serve(app, 0, stop, announce)

    folder = tmp_path_factory.mktemp("served") / "city"
    thread = threading.Thread(target=lambda: uvloop.run(run(folder)))
    thread.start()
    try:
        yield started.result(WAIT_S)
    finally:
        stopped.result(WAIT_S)()
        thread.join(WAIT_S)
        assert not thread.is_alive(), "the server did not end"


@pytest.fixture
def page(served: ServedCity, chromium: Chrome) -> Iterator["LivePage"]:
    """The page at a desk; in the end it must have asked nobody else for anything, and hold no errors."""
    page = LivePage(chromium, served.url)
    page.open()
    yield page
    assert foreign_requests(chromium) == []
    assert console_errors(chromium) == []


@dataclass
class LivePage:
    """What an operator sees and does."""

    window: Chrome
    url: str

    def open(self, query: str = "", size: tuple[int, int] = DESK) -> None:
        resize(self.window, *size)
        self.window.get(f"{self.url}/{query}")
        self.until(lambda: self.find(".city-map[data-devices]") and self.figure("devices") != "–")

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for the condition, a bounded time."""
        deadline_s = time.monotonic() + WAIT_S
        while not condition():
            if time.monotonic() > deadline_s:
                pytest.fail(f"never came true; the page says:\n{self.text()}")

    def find(self, selector: str) -> list[WebElement]:
        return self.window.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str = "body") -> str:
        return "\n".join(self.window.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", selector
        ))  # fmt: skip

    def figure(self, name: str) -> str:
        return self.text(f"[data-figure={name}] .figure__value")

    def count(self, name: str) -> int:
        return int(self.figure(name).replace("\u202f", ""))

    def events(self) -> list[str]:
        return self.text(".event__where").splitlines()

    def click_event(self, subject: str) -> None:
        rows = [row for row in self.find("button.event") if subject in row.text]
        rows[0].click()

    def drawn_pixels(self) -> int:
        """How many pixels of the map's canvas hold anything."""
        return int(
            self.window.execute_script("""
            const canvas = document.querySelector('.city-map canvas');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let drawn = 0;
            for (let i = 3; i < data.length; i += 4) drawn += data[i] > 0;
            return drawn;
        """)
        )


def test_counts_map_and_events_follow_the_city(served: ServedCity, page: LivePage) -> None:
    accepted = page.count("accepted")
    assert (page.count("devices"), page.count("stored"), accepted) == (301, 9015, 9015)
    assert page.find(".city-map")[0].get_attribute("data-devices") == "300"
    assert page.drawn_pixels() > 300 * 10
    assert page.text(".legend").split("\n") == ["major 1", "in order 299", "not drawn 1"]
    assert page.events() == ["major · SL-0007 · 320582/110/152/102"]
    assert page.text(".event__since") == "12:00"
    assert page.text(".event__age") == "15 min"

    worse = lamp_out(lamp(40), NOON_MS + 12 * MINUTE_MS, Severity.CRITICAL)
    served.do(served.city.report(lamp(40), NOON_MS, active_power=0.5))
    served.do(served.city.publish(worse))
    page.until(lambda: len(page.events()) == 2)
    assert page.events()[0].startswith("critical · SL-0040")
    page.until(lambda: page.count("accepted") == accepted + 1)
    assert page.find(".city-map")[0].get_attribute("data-troubled") == "2"
    assert "critical 1" in page.text(".legend")

    served.do(served.city.publish(cleared(worse, NOON_MS + 14 * MINUTE_MS)))
    page.until(lambda: len(page.events()) == 1)
    page.until(lambda: page.find(".city-map")[0].get_attribute("data-troubled") == "1")


def test_a_chosen_event_shows_the_readings_behind_it_in_the_citys_time(page: LivePage) -> None:
    page.window.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "America/New_York"})
    page.open()
    page.click_event("SL-0007")
    page.until(lambda: page.find(".chart svg path"))
    told = page.text(".city__detail")
    assert "Lamp out" in told
    assert "2025-11-21 12:00:00" in told
    assert "2025-11-21 12:10:00" in told
    drawn = {text.text for text in page.find(".chart svg text")}
    assert {"since", "opened", "12:00", "Active power (W)", "Dimming level (%)"} <= drawn
    assert page.find("button.event--selected")
    page.find("button.close")[0].click()
    page.until(lambda: not page.find(".chart"))


def test_a_clicked_device_tells_of_itself(page: LivePage) -> None:
    ground = page.find(".city-map__ground")[0]
    ActionChains(page.window).move_to_element(ground).perform()
    page.until(lambda: "MIDDLE · Middle lamp" in page.text(".city-map__tip"))
    ActionChains(page.window).click().perform()
    page.until(lambda: "Middle lamp" in page.text(".city__detail") and page.find(".chart svg path"))
    assert "Active power\n96 W" in page.text(".city__detail")


def test_an_outage_is_told_and_passes(served: ServedCity, page: LivePage) -> None:
    served.outage = TransientFault("no store at 127.0.0.1:8086")
    page.until(lambda: page.find(".outage")[0].is_displayed())
    assert "no store at 127.0.0.1:8086" in page.text(".outage")
    assert page.count("devices") == 301
    served.outage = None
    page.until(lambda: not page.find(".outage")[0].is_displayed())


def test_it_speaks_chinese_and_fits_a_phone_in_the_dark(page: LivePage) -> None:
    prefer_scheme(page.window, "dark")
    page.open("?lang=zh", PHONE)
    assert "未结事件" in page.text(".city__events")
    assert "路灯不亮" in page.text(".event__what")
    assert page.find("body.body--dark")
    page.click_event("SL-0007")
    page.until(lambda: page.find(".chart svg path"))
    width, screen = page.window.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width == screen == PHONE[0]


def test_the_documentation_page_opens_without_help_from_elsewhere(page: LivePage) -> None:
    page.window.get(f"{page.url}/api/docs")
    assert "/api/v1/devices/{device_id}/telemetry" in page.text()


def test_another_page_stands_in_the_same_frame(served: ServedCity, chromium: Chrome) -> None:
    chromium.get(f"{served.url}/console/total?lang=zh")
    other = chromium.find_element(By.LINK_TEXT, "English")
    assert other.get_attribute("href") == f"{served.url}/console/total?lang=en"
    WebDriverWait(chromium, WAIT_S).until(lambda page: page.find_element(By.CLASS_NAME, "total").text == str(LAMPS + 2))
    assert chromium.title == "Total"
    assert foreign_requests(chromium) == []
    assert console_errors(chromium) == []


EVIL = "<img src=x onerror=planted=1><script>planted=2</script>\"'><b data-planted>{{ 7 * 191 }}"


def test_texts_of_devices_and_rules_are_only_texts(served: ServedCity, page: LivePage) -> None:
    """Markup planted in names, departments, areas and titles is shown as it is written, and nothing comes of it."""
    lamps = [
        replace(lamp(n), device_id=f"PLANTED-{n}", name=EVIL, department=EVIL) for n in range(LAMPS, LAMPS + 30, 10)
    ]
    event = lamp_out(lamps[0], NOON_MS + 14 * MINUTE_MS, Severity.CRITICAL).model_copy(
        update={"summary": Text(en=EVIL, zh=EVIL), "rule": EVIL, "problem": EVIL, "area": EVIL, "department": EVIL}
    )
    served.do(served.city.put(*lamps))
    served.do(served.city.publish(event))
    for language in ("en", "zh"):
        for size in ((1600, 900), PHONE):
            page.open(f"?lang={language}", size)
            page.until(lambda: EVIL in page.text(".event__what"))
            page.click_event("PLANTED")
            page.until(lambda: page.text(".city__detail").count(EVIL) >= 3)
            assert EVIL in page.text(".event__where")
            assert "1337" not in page.text()
            assert not page.find("[data-planted], [onerror], img[src=x]")
            assert page.window.execute_script("return typeof planted === 'undefined'")
