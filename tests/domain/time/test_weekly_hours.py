"""Weekly hours as operators write them."""

import pytest

from domain.time.weekly_hours import EMPTY_WEEK, parse_hours, parse_weekly_hours

WHOLE_DAY = ((0, 1440),)


@pytest.mark.parametrize(
    ("texts", "by_day"),
    [
        (["Mon"], {0: WHOLE_DAY}),
        (["Mon-Wed 08:00-18:00"], dict.fromkeys((0, 1, 2), ((480, 1080),))),
        (["Sat,Sun 22:00-06:00"], dict.fromkeys((5, 6), ((1320, 1800),))),
        (["Fri-Mon"], dict.fromkeys((4, 5, 6, 0), WHOLE_DAY)),
        (["daily 14:00-17:30 08:30-12:00"], dict.fromkeys(range(7), ((510, 720), (840, 1050)))),
        (["Mon 08:00-12:00", "Mon 11:00-13:00"], {0: ((480, 780),)}),
        (["Tue 00:00-24:00"], {1: WHOLE_DAY}),
        ([], {}),
    ],
)
def test_hours_belong_to_the_day_on_which_they_begin(texts: list[str], by_day: dict[int, object]) -> None:
    assert parse_weekly_hours(texts) == tuple(by_day.get(day, hours) for day, hours in enumerate(EMPTY_WEEK))


@pytest.mark.parametrize(
    "text", ["", "Mo", "Mon-", "Mon,", "monday 08:00-09:00", "Mon 8-9", "Mon 08:60-09:00", "Mon 24:00-25:00"]
)
def test_what_are_no_weekly_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no day|no hours"):
        parse_weekly_hours([text])


def test_hours_that_end_where_they_begin_last_a_day() -> None:
    assert parse_hours("08:00-08:00") == (480, 480 + 1440)
