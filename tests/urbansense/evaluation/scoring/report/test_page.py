"""The page of a score: every finding in words, nothing from outside, bounded, and readable in Chromium."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from domain.time.units import MINUTE_MS
from simulators.truth.labels import Label
from tests.servers.chromium import console_errors, foreign_requests, prefer_scheme, resize
from tests.urbansense.evaluation.scoring.grading.truths import NIGHT, NIGHT_MS, decoy, label, told
from urbansense.evaluation.scoring.grading import Bars, ScoredEvent, Window, match, score_of
from urbansense.evaluation.scoring.report.page import render_page

ZONE = ZoneInfo("Asia/Shanghai")
LABELS = [
    label(10, 40, place="L1"),
    label(50, 80, place="L2", hard="it dims <slowly> before it dies"),
    label(90, 120, place="L3"),
    label(595, 640, place="L4"),
    decoy(300, 330, place="C1"),
    decoy(300, 330, place="C2"),
]
EVENTS = [
    told(13, 40, subject="L1", heard=14),
    told(105, 119, subject="L3", heard=112),
    told(310, 320, subject="C1", rule="cover-open"),
]


def page(labels: list[Label], events: list[ScoredEvent], window: Window = NIGHT) -> str:
    matched = match(labels, events, window)
    score = score_of(matched, devices=48)
    return render_page(matched, score, list(Bars(0.9, 0.5).judge(score)), ZONE)


def many(count: int) -> tuple[list[Label], list[ScoredEvent], Window]:
    """A week in which every tenth fault is missed and every tenth decoy is disturbed."""
    labels, events = [], []
    for number in range(count):
        start, place = number * 10_000 / count, f"L{number}"
        if number % 2:
            labels.append(decoy(start, start + 30, place=place))
        else:
            labels.append(label(start, start + 30, place=place))
        if number % 10 == 1 or (number % 2 == 0 and number % 20 != 0):
            events.append(told(start + 4, start + 30, subject=place, since=start))
    return labels, events, Window(NIGHT_MS, NIGHT_MS + 11_000 * MINUTE_MS)


def test_thousands_of_faults_make_a_page_that_a_browser_can_hold_with_every_miss_on_it() -> None:
    labels, events, window = many(6_000)
    matched = match(labels, events, window)
    score = score_of(matched)
    content = page(labels, events, window)
    assert score.misses
    assert len(content) < 3_000_000
    assert content.count("MISSED</span>") == len(score.misses)
    assert content.count("FALSE</span>") == len(score.strays)
    assert "200 of" in content


def test_what_a_rule_or_a_truth_says_cannot_become_markup() -> None:
    content = page(LABELS, EVENTS)
    assert "it dims &lt;slowly&gt; before it dies" in content
    assert "<slowly>" not in content


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_by_itself_in_light_and_dark_and_tells_each_finding_in_words(
    scheme: str, chromium: Chrome, tmp_path: Path
) -> None:
    (tmp_path / "score.html").write_text(page(LABELS, EVENTS), encoding="utf-8")
    prefer_scheme(chromium, scheme)
    resize(chromium, 1200, 900)
    chromium.get(f"file://{tmp_path}/score.html")
    text = chromium.find_element(By.TAG_NAME, "body").text
    for words in (
        "✗ MISSED: recall 0.3333, asked for at least 0.9",
        "✓ holds: precision 0.6667, asked for at least 0.5",
        "nothing was told; hard: it dims <slowly> before it dies",
        "lamp-out was told 12m after the deadline; no excuse",
        "during traffic, which asks for nothing",
        "of 2 that ask for nothing",
        "漏报",
    ):
        assert words in text, words
    bars = chromium.find_elements(By.CSS_SELECTOR, "svg.all rect")
    classes = sorted(str(bar.get_attribute("class")) for bar in bars)
    assert classes == ["false", "good", "late", "missed", "open", "quiet"]
    assert len(chromium.find_elements(By.CSS_SELECTOR, "svg.all .cross")) == 1
    assert len(chromium.find_elements(By.CSS_SELECTOR, "#misses ~ .wide svg.strip")) >= 2
    assert _contrast(chromium) > 7
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= 1200
    assert [url for url in foreign_requests(chromium) if not url.startswith("file:")] == []
    assert console_errors(chromium) == []


@pytest.mark.browser
def test_a_phone_scrolls_tables_and_not_the_page(chromium: Chrome, tmp_path: Path) -> None:
    (tmp_path / "score.html").write_text(page(LABELS, EVENTS), encoding="utf-8")
    resize(chromium, 390, 844)
    chromium.get(f"file://{tmp_path}/score.html")
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= 390
    assert not chromium.find_element(By.CSS_SELECTOR, "details table").is_displayed()
    chromium.find_element(By.TAG_NAME, "summary").click()
    assert chromium.find_element(By.CSS_SELECTOR, "details table").is_displayed()


def _contrast(window: Chrome) -> float:
    """Of text on the page, by WCAG 2."""
    light, dark = sorted(
        (_luminance(window.execute_script(f"return getComputedStyle(document.body).{name}")) for name in
         ("color", "backgroundColor")),
        reverse=True,
    )  # fmt: skip
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
