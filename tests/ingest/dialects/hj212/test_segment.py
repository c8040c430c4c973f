from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from domain.identities import MN
from domain.quantities.catalogue import CATALOGUE
from ingest.dialects.hj212.factors import FACTORS, READINGS
from ingest.dialects.hj212.frame import Defect
from ingest.dialects.hj212.segment import DATA, DIALOGUE, BadSegment, read_cp, read_report
from ingest.dialects.messages import Refused, Uplink

ZONE = ZoneInfo("Asia/Shanghai")
NOON_MS = int(datetime(2026, 6, 1, 4, tzinfo=UTC).timestamp() * 1000)


def report(cp: str, zone: ZoneInfo = ZONE) -> Uplink:
    fields, _ = read_cp(cp)
    found = read_report(fields, "MN1", "20260601120000123", zone)
    assert isinstance(found, Uplink)
    return found


def test_a_real_time_report_is_worded_as_the_station_words_it() -> None:
    found = report("DataTime=20260601120000;w01001-Rtd=7.42,w01001-Flag=N;w01010-Rtd=-0.6,w01010-Flag=N")
    assert found == Uplink(
        "hj212", {"w01001-Rtd": 7.42, "w01010-Rtd": -0.6}, identity=MN.of("MN1"), observed_at_ms=NOON_MS,
        message_id="20260601120000123", companions=set(),
    )  # fmt: skip


def test_data_time_is_local_to_the_zone() -> None:
    tokyo = report("DataTime=20260601120000;a-Rtd=1", ZoneInfo("Asia/Tokyo"))
    assert tokyo.observed_at_ms == NOON_MS - 3_600_000


def test_of_a_period_the_mean_is_the_reading_and_the_rest_stands_beside_it() -> None:
    found = report("DataTime=20260601120000;w01001-Min=7.1,w01001-Avg=7.4,w01001-Max=7.9,w01001-Cou=12.5,w01001-Flag=N")
    assert set(found.fields) == {"w01001-Min", "w01001-Avg", "w01001-Max", "w01001-Cou"}
    assert found.companions == {"w01001-Min", "w01001-Max", "w01001-Cou"}


@pytest.mark.parametrize(
    ("flag", "quality"),
    [("N", None), ("S", "suspect"), ("M", "suspect"), ("C", "suspect"), ("F", "bad"), ("D", "bad"), ("T", "bad"),
     ("B", "bad"), ("H", "suspect"), ("", "suspect")],
)  # fmt: skip
def test_the_data_flag_says_how_good_a_factor_is(flag: str, quality: str | None) -> None:
    found = report(f"DataTime=20260601120000;w01001-Rtd=7,w01001-Flag={flag};w01010-Rtd=20")
    assert dict(found.quality) == ({"w01001-Rtd": quality} if quality else {})


def test_what_is_no_reading_of_a_factor_is_left_aside() -> None:
    found = report("DataTime=20260601120000;w01001-Rtd=7,w01001-SampleTime=20260601080000,w01001-EFlag=A01")
    assert found.fields == {"w01001-Rtd": 7.0}


@pytest.mark.parametrize("text", ["", "-", "7,4", "NaN", "1e5", "٧", "0x10", "7."])
def test_a_value_that_is_no_decimal_number_stays_text(text: str) -> None:
    found = read_report({"DataTime": "20260601120000", "w01001-Rtd": text}, "MN1", "", ZONE)
    assert isinstance(found, Uplink)
    assert found.fields["w01001-Rtd"] == text
    assert found.message_id is None


@pytest.mark.parametrize("text", ["2026", "20261301120000", "99999999999999", "20260601126000", "00000000000000"])
def test_a_data_time_that_is_none_stays_text(text: str) -> None:
    assert report(f"DataTime={text};a-Rtd=1").observed_at_ms == text


def test_without_a_data_time_there_is_no_report() -> None:
    assert isinstance(read_report({"w01001-Rtd": "7"}, "MN1", "", ZONE), Refused)


def test_a_missing_comma_is_mended_only_where_that_is_tolerated() -> None:
    cp = "DataTime=20260601120000;w01001-Rtd=7.42w01001-Flag=Nw01010-Rtd=21"
    with pytest.raises(BadSegment, match="missing_comma"):
        read_cp(cp)
    fields, defects = read_cp(cp, {Defect.MISSING_COMMA})
    assert fields == {
        "DataTime": "20260601120000", "w01001-Rtd": "7.42", "w01001-Flag": "N", "w01010-Rtd": "21",
    }  # fmt: skip
    assert defects == [Defect.MISSING_COMMA]


def test_a_separator_too_many_is_passed_over_only_where_that_is_tolerated() -> None:
    with pytest.raises(BadSegment, match="empty_field"):
        read_cp("a-Rtd=1;")
    assert read_cp("a-Rtd=1;", {Defect.EMPTY_FIELD}) == ({"a-Rtd": "1"}, [Defect.EMPTY_FIELD])


@pytest.mark.parametrize("cp", ["a", "=1", "a=1=2", "a-Rtd=1;a-Rtd=1"])
def test_what_is_no_list_of_fields_is_refused(cp: str) -> None:
    with pytest.raises(BadSegment):
        read_cp(cp, set(Defect))


def test_an_empty_cp_holds_nothing() -> None:
    assert read_cp("") == ({}, [])


def test_the_built_in_factors_are_quantities_in_units_of_their_dimension() -> None:
    for quantity, unit in FACTORS.values():
        assert CATALOGUE[quantity].conversion_from(unit)(1.0) == pytest.approx(1.0)
    assert READINGS["w01001-Rtd"] == READINGS["w01001-Avg"] == ("ph", "[pH]")
    assert not any(name.startswith("w00000") for name in READINGS)


def test_no_command_is_both_data_and_dialogue() -> None:
    assert not DATA & DIALOGUE
