"""The CSV as a spreadsheet reads it, and the page as Chromium shows and prints it."""

import base64
import csv
import io
from pathlib import Path

import pytest
from selenium import webdriver

from cases.appraisal import Appraisal, Occasion, Period, csv_of, load_weights, page_of
from cases.appraisal.counts import Count
from cases.appraisal.csv_file import columns, guarded
from domain.time.units import DAY_MS
from reporting.wording.shares import percent
from tests.cases.appraisal.stories import WEEK, Story, appraised
from tests.cases.deadlines.calendars import SHANGHAI
from tests.servers.chromium import console_errors, foreign_requests, resize

EVIL = "=cmd|' /C calc'!A0"
MARKUP = "<script>document.title='broken'</script>"
WEIGHTS = load_weights()


@pytest.fixture(scope="module")
def appraisal() -> Appraisal:
    told = [Story(area=f"320582/{110 + n % 4}").dispatched().handled(1 + n % 6).closed(9) for n in range(40)]
    told += [Story(problem=MARKUP).dispatched(to=EVIL), Story().do(1, "reject"), Story(area=None)]
    return appraised(*told, period=Period(WEEK.from_ms, WEEK.from_ms + 2 * DAY_MS))


def rows(appraisal: Appraisal) -> list[dict[str, str]]:
    content = csv_of(appraisal, WEIGHTS, SHANGHAI)
    assert content.startswith(b"\xef\xbb\xbffrom,to,by,name,score,reported,")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_csv_read_back_is_the_appraisal(appraisal: Appraisal) -> None:
    read = rows(appraisal)
    assert all(list(row) == columns() for row in read)
    assert len(read) == 1 + sum(len(parts) for parts in appraisal.parts.values())
    whole = read[0]
    assert (whole["from"], whole["to"], whole["by"]) == ("2026-11-23 00:00", "2026-11-25 00:00", "all")
    assert {count.value: int(whole[count.value]) for count in Count} == appraisal.whole.counts
    on_time = appraisal.whole.rates["on_time_handling"]
    assert on_time.value == pytest.approx(float(whole["on_time_handling"]), abs=1e-4)
    assert on_time.low == pytest.approx(float(whole["on_time_handling_low"]), abs=1e-4)
    assert int(whole["on_time_handling_of"]) == on_time.among == 41
    assert float(whole["clock_median_min"]) == 180.0


def test_what_was_none_is_an_empty_cell_and_not_nought(appraisal: Appraisal) -> None:
    evil = next(row for row in rows(appraisal) if row["name"] == f"'{EVIL}")
    assert (evil["rework"], evil["rework_of"], evil["score"], evil["clock_mean_min"]) == ("", "0", "", "")
    assert (evil["on_time_handling"], evil["late"]) == ("0.0000", "1")


@pytest.mark.parametrize("cell", ["=1+1", "+86", "-3", "@SUM(A1)", "\t=1", " =1", "'=1", "\r=1"])
def test_a_cell_that_a_spreadsheet_would_run_stands_behind_an_apostrophe(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


def test_plain_names_stay_as_they_are() -> None:
    assert [guarded(name) for name in ("drainage", "320582/110", "排水处", "")] == [
        "drainage",
        "320582/110",
        "排水处",
        "",
    ]


@pytest.mark.parametrize(
    ("share", "words"), [(None, "–"), (0, "0.0 %"), (1, "100.0 %"), (0.99999, "99.9 %"), (1e-5, "0.1 %")]
)
def test_only_what_is_nought_or_all_reads_so(share: float | None, words: str) -> None:
    assert percent(share) == words


def opened(window: webdriver.Chrome, appraisal: Appraisal, folder: Path) -> None:
    file = folder / "page.html"
    file.write_text(page_of(appraisal, Occasion(WEEK.to_ms, SHANGHAI, WEIGHTS)), encoding="utf-8")
    window.get(file.as_uri())


def test_the_page_opens_without_any_other_file_and_runs_nothing(
    chromium: webdriver.Chrome, appraisal: Appraisal, tmp_path: Path
) -> None:
    resize(chromium, 1000, 1400)
    opened(chromium, appraisal, tmp_path)
    assert chromium.title == "Appraisal 综合评价 · urbansense"
    assert [url for url in foreign_requests(chromium) if not url.startswith("file:")] == []
    assert console_errors(chromium) == []
    text = chromium.find_element("tag name", "body").text
    assert "案件处置综合评价" in text
    assert "28 of 41; 95 %: 53–80 %" in text
    assert MARKUP in text
    assert len(chromium.find_elements("css selector", "svg")) == 7


def test_no_drawn_bar_leaves_its_chart(chromium: webdriver.Chrome, appraisal: Appraisal, tmp_path: Path) -> None:
    opened(chromium, appraisal, tmp_path)
    outside = chromium.execute_script("""
        return [...document.querySelectorAll('svg rect, svg circle, svg text')].filter(one => {
            const inner = one.getBoundingClientRect(), outer = one.closest('svg').getBoundingClientRect();
            return inner.left < outer.left - 1 || inner.right > outer.right + 1
                || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
        }).map(one => one.outerHTML)""")
    assert outside == []


def test_the_page_prints_on_a4_with_every_dimension_on_a_page_of_its_own(
    chromium: webdriver.Chrome, appraisal: Appraisal, tmp_path: Path
) -> None:
    opened(chromium, appraisal, tmp_path)
    printed = chromium.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    content = base64.b64decode(printed["data"])
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") == 6
    box = content.split(b"/MediaBox [")[1].split(b"]")[0].split()
    assert [round(float(side)) for side in box[2:]] == [595, 842]
