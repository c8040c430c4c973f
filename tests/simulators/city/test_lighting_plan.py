"""The lighting plan, and how a device names its own."""

import pytest

from simulators.city.lighting_plan import NORMAL_PLAN, LightingPlan, plan_of


@pytest.mark.parametrize(("hour", "level"), [(18, 100), (22.99, 100), (23, 60), (0, 60), (4.98, 60), (5, 100)])
def test_lamps_are_dimmed_in_the_small_hours(hour: float, level: float) -> None:
    assert NORMAL_PLAN.level(hour) == level


def test_a_device_without_a_plan_follows_the_citys() -> None:
    assert plan_of({"nominal_power": 100.0}) == NORMAL_PLAN
    assert plan_of({}, otherwise=LightingPlan(-1.0)) == LightingPlan(-1.0)


def test_a_device_names_its_own_plan_in_any_order_of_hours() -> None:
    plan = plan_of({"dimming_plan": "23:30 40, 05:15 80, 17:00 100", "switch_at_deg": -1.5})
    assert plan == LightingPlan(-1.5, ((5.25, 80.0), (17.0, 100.0), (23.5, 40.0)))
    assert [plan.level(hour) for hour in (3, 5.25, 18, 23.5)] == [40, 80, 100, 40]


@pytest.mark.parametrize("text", ["", "23:00", "23 60", "23:00 60; 05:00 100", "eleven 60"])
def test_a_plan_that_cannot_be_read_is_refused_with_the_step_that_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match="is not a step like"):
        plan_of({"dimming_plan": text})


@pytest.mark.parametrize("text", ["23:00 0", "23:00 101", "24:00 60", "-1:00 60"])
def test_a_step_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an hour of the day and a level"):
        plan_of({"dimming_plan": text})
