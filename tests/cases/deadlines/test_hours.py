"""Working hours as a city writes them."""

import pytest

from cases.deadlines import OFFICE_WEEK, parse_day_hours, parse_week


@pytest.mark.parametrize(
    ("texts", "spans_by_day"),
    [
        (["Mon-Fri 08:30-12:00 14:00-17:30"], dict.fromkeys(range(5), ((510, 720), (840, 1050)))),
        (["Fri-Mon 22:00-06:00"], dict.fromkeys((4, 5, 6, 0), ((1320, 1800),))),
        (["daily 00:00-24:00"], dict.fromkeys(range(7), ((0, 1440),))),
        (["Mon 08:00-10:00", "Mon,Tue 09:00-11:00"], {0: ((480, 660),), 1: ((540, 660),)}),
    ],
)
def test_hours_are_read_day_by_day(texts: list[str], spans_by_day: dict[int, tuple[tuple[int, int], ...]]) -> None:
    assert parse_week(texts) == tuple(spans_by_day.get(day, ()) for day in range(7))


def test_the_default_week_is_that_of_an_office() -> None:
    assert parse_week(["Mon-Fri 08:30-12:00 14:00-17:30"]) == OFFICE_WEEK


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mon", "hours are missing"),
        ("", "hours are missing"),
        ("Mo 08:00-09:00", "is no day"),
        ("Mon-Xyz 08:00-09:00", "is no day"),
        ("Mon 8-12", "are no hours; write 08:30-12:00"),
        ("Mon 08:60-12:00", "are no hours"),
        ("Mon 24:00-12:00", "are no hours of a day"),
        ("Mon 08:00-25:00", "are no hours of a day"),
    ],
)
def test_what_are_no_hours_is_refused_with_the_way_to_write_them(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_week([text])


def test_hours_of_one_day_are_joined() -> None:
    assert parse_day_hours(["14:00-17:30", "08:30-12:00", "11:00-14:00"]) == ((510, 1050),)
