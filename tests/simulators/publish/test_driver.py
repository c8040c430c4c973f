"""The driver against a real Mosquitto: the clock never passes a report that is not acknowledged."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import orjson
import pytest

from domain.mqtt import SIMULATED_CLOCK_TOPIC, MqttEndpoint, parse_mqtt_url
from domain.time.durations import parse_instant_ms
from simulators.city import build_city
from simulators.dialects.reports import MqttMessage, Report
from simulators.faults import FaultPlan
from simulators.publish.clocks import SimulatedClock, WallClock
from simulators.publish.connection import PublishCounts, Publisher
from simulators.publish.departures import Departure, Leaving, Revelation, on_time
from simulators.publish.dialect_sessions import NativeSessions
from simulators.publish.driver import TRUTH_TOPIC, drive
from simulators.publish.report_stream import ReportStream
from simulators.truth.labels import Label
from tests.simulators.publish.listener import listening
from tests.simulators.publish.stalling_proxy import StallingProxy
from tests.simulators.publish.waiting import until

pytestmark = pytest.mark.mosquitto

NOON = parse_instant_ms("2026-06-01T12:00:00+08:00")
UPLINKS = "city/driver/+/+/up"


@pytest.fixture
def broker(mosquitto_url: str) -> MqttEndpoint:
    return parse_mqtt_url(mosquitto_url)


def report(at_ms: int, device_id: str = "D1") -> Report:
    return Report(device_id, "streetlight", "driver", at_ms, 0, {"voltage": 230.0})


def clock_messages(received: list[tuple[str, bytes]]) -> list[int]:
    return [orjson.loads(payload)["sent_at_ms"] for topic, payload in received if topic == SIMULATED_CLOCK_TOPIC]


def observed(received: list[tuple[str, bytes]]) -> list[int]:
    return [orjson.loads(payload)["ts"] for topic, payload in received if topic.startswith("city/")]


async def test_a_city_hour_arrives_whole_with_the_clock_just_behind(broker: MqttEndpoint) -> None:
    life = ReportStream(build_city(3, 60), NOON, FaultPlan(share=0))
    expected = [leaving for leaving in life.departures(NOON + 3_600_000) if isinstance(leaving, Departure)]
    async with (
        listening(broker, "city/+/+/+/up", SIMULATED_CLOCK_TOPIC) as received,
        Publisher(broker, "hour") as sender,
    ):
        clock = SimulatedClock(step_ms=10_000, run_on_to_ms=NOON + 3_700_000)
        done = await drive(life.departures(NOON + 3_600_000), sender, clock, asyncio.Event())
        await until(lambda: NOON + 3_700_000 in clock_messages(received), "the last clock message arrives")
    assert done.complete
    assert done.sent == done.acknowledged == done.distinct == len(expected) == len(observed(received))
    assert done.clock_at_ms == NOON + 3_700_000
    now_ms, told = None, []
    for topic, payload in received:
        message = orjson.loads(payload)
        if topic == SIMULATED_CLOCK_TOPIC:
            assert now_ms is None or message["sent_at_ms"] > now_ms
            now_ms = message["sent_at_ms"]
            told.append(now_ms)
        else:
            assert now_ms is not None
            assert now_ms < message["ts"] <= now_ms + 10_000
    assert len(told) > 200


async def test_the_clock_waits_for_the_acknowledgements(broker: MqttEndpoint) -> None:
    """The broker gets the reports, but its PUBACKs are kept back: what the driver sends next must not be the clock."""
    reports = [report(NOON + 100), report(NOON + 200), report(NOON + 60_000)]
    async with (
        StallingProxy(broker.port) as proxy,
        listening(broker, UPLINKS, SIMULATED_CLOCK_TOPIC, "mark") as received,
    ):
        async with Publisher(MqttEndpoint("127.0.0.1", proxy.port), "stalled") as sender:
            proxy.answers.clear()
            driving = asyncio.create_task(
                drive(on_time(reports), sender, SimulatedClock(step_ms=10_000), asyncio.Event())
            )
            await until(lambda: observed(received) == [NOON + 100, NOON + 200], "the first step arrives")
            await sender.publish(MqttMessage("mark", b""), PublishCounts())
            await until(lambda: ("mark", b"") in received, "the mark behind it arrives")
            assert clock_messages(received) == [NOON + 99]
            assert not driving.done()
            proxy.answers.set()
            done = await asyncio.wait_for(driving, 10)
        await until(lambda: len(clock_messages(received)) == 3, "the clock runs on")
    assert done.complete
    assert clock_messages(received) == [NOON + 99, NOON + 59_999, NOON + 60_000]


async def test_a_lost_connection_neither_loses_a_report_nor_lets_the_clock_pass(broker: MqttEndpoint) -> None:
    reports = [report(NOON + 20_000 * number) for number in range(300)]
    async with StallingProxy(broker.port) as proxy, listening(broker, UPLINKS, SIMULATED_CLOCK_TOPIC) as received:
        async with Publisher(MqttEndpoint("127.0.0.1", proxy.port), "cut") as sender:
            driving = asyncio.create_task(drive(on_time(reports), sender, SimulatedClock(), asyncio.Event()))
            await until(lambda: len(observed(received)) > 50, "it is under way")
            proxy.cut()
            done = await asyncio.wait_for(driving, 20)
        await until(lambda: reports[-1].observed_at_ms in clock_messages(received), "the last clock message arrives")
    assert done.complete
    assert proxy.accepted == 2
    first_seen: dict[int, int] = {}
    for place, (topic, payload) in enumerate(received):
        message = orjson.loads(payload)
        first_seen.setdefault(message["ts"] if topic != SIMULATED_CLOCK_TOPIC else -message["sent_at_ms"], place)
    told = sorted(-at_ms for at_ms in first_seen if at_ms < 0)
    assert sorted(at_ms for at_ms in first_seen if at_ms > 0) == [report.observed_at_ms for report in reports]
    for observed_at_ms in (at_ms for at_ms in first_seen if at_ms > 0):
        assert all(first_seen[observed_at_ms] < first_seen[-at_ms] for at_ms in told if at_ms >= observed_at_ms)


async def test_months_of_hourly_reports_pass_in_seconds(broker: MqttEndpoint) -> None:
    reports = [report(NOON + 3_600_000 * hour) for hour in range(1_268)]
    async with listening(broker, UPLINKS), Publisher(broker, "months") as sender:
        done = await asyncio.wait_for(drive(on_time(reports), sender, SimulatedClock(), asyncio.Event()), 20)
    assert done.complete
    assert done.speed_reached > 100_000
    assert done.simulated_s == 1_267 * 3600


async def test_speed_is_a_ceiling_and_the_clock_walks_on_meanwhile(broker: MqttEndpoint) -> None:
    reports = [report(NOON), report(NOON + 130_000)]
    async with listening(broker, UPLINKS, SIMULATED_CLOCK_TOPIC) as received, Publisher(broker, "paced") as sender:
        done = await drive(on_time(reports), sender, SimulatedClock(speed=100), asyncio.Event())
        await until(lambda: NOON + 130_000 in clock_messages(received), "the last clock message arrives")
    assert done.took_s >= 1.3
    assert 50 < done.speed_reached <= 100
    told = clock_messages(received)
    assert told[0] == NOON - 1
    assert told[-2:] == [NOON + 129_999, NOON + 130_000]
    assert any(NOON < at_ms < NOON + 129_999 for at_ms in told)


async def test_stop_ends_an_endless_drive_with_everything_acknowledged(broker: MqttEndpoint) -> None:
    def endless() -> Iterator[Report]:
        return (report(NOON + 1_000 * number) for number in count())

    stop = asyncio.Event()
    async with listening(broker, UPLINKS) as received, Publisher(broker, "endless") as sender:
        driving = asyncio.create_task(drive(on_time(endless()), sender, SimulatedClock(), stop))
        await until(lambda: len(received) > 500, "it is under way")
        stop.set()
        done = await asyncio.wait_for(driving, 10)
    assert done.complete
    assert done.sent > 500
    assert done.clock_at_ms == done.last_sent_at_ms


async def test_stop_ends_a_drive_whose_broker_does_not_answer(broker: MqttEndpoint) -> None:
    stop = asyncio.Event()
    reports = [report(NOON), report(NOON + 60_000)]
    async with (
        StallingProxy(broker.port) as proxy,
        listening(broker, UPLINKS) as received,
        Publisher(MqttEndpoint("127.0.0.1", proxy.port), "mute") as sender,
    ):
        proxy.answers.clear()
        driving = asyncio.create_task(drive(on_time(reports), sender, SimulatedClock(), stop, patience_s=0.2))
        await until(lambda: observed(received) == [NOON], "the first report arrives")
        stop.set()
        done = await asyncio.wait_for(driving, 5)
        proxy.answers.set()
    assert (done.sent, done.acknowledged, done.complete) == (1, 0, False)


async def test_by_the_wall_clock_a_report_is_sent_when_its_time_comes_and_no_clock_is_told(
    broker: MqttEndpoint,
) -> None:
    now_ms = int(time.time() * 1000)
    async with listening(broker, UPLINKS, SIMULATED_CLOCK_TOPIC) as received, Publisher(broker, "wall") as sender:
        done = await drive(on_time([report(now_ms - 5), report(now_ms + 300)]), sender, WallClock(), asyncio.Event())
        await until(lambda: len(observed(received)) == 2, "both arrive")
    assert time.time() * 1000 >= now_ms + 300
    assert done.complete
    assert clock_messages(received) == []


async def test_a_report_told_twice_is_one_distinct_report_and_a_spoilt_one_is_none(broker: MqttEndpoint) -> None:
    leaving = [
        Departure(NOON, report(NOON)),
        Departure(NOON, report(NOON, "D2")),
        Departure(NOON + 5, report(NOON), again=True),
        Departure(NOON + 9, report(NOON + 9), garbled=12345),
    ]
    async with listening(broker, UPLINKS) as received, Publisher(broker, "twice") as sender:
        done = await drive(leaving, sender, SimulatedClock(), asyncio.Event())
        await until(lambda: len(received) == 4, "all arrive")
    assert (done.sent, done.acknowledged, done.distinct, done.again, done.spoilt) == (4, 4, 2, 1, 1)
    assert done.complete
    assert received[0][1] == received[2][1]
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(received[3][1])


async def test_the_truth_is_told_beside_the_reports_and_counts_as_none(broker: MqttEndpoint) -> None:
    told = Label(label="a", kind="lamp-dead", place="D1", start_ms=NOON, end_ms=NOON + 1)
    leaving: list[Leaving] = [Revelation(NOON, told), Departure(NOON, report(NOON))]
    async with listening(broker, UPLINKS, TRUTH_TOPIC) as received, Publisher(broker, "truth") as sender:
        done = await drive(leaving, sender, SimulatedClock(), asyncio.Event())
        await until(lambda: len(received) == 2, "both arrive")
    assert (done.sent, done.labels) == (1, 1)
    assert done.complete
    assert received[0][0] == TRUTH_TOPIC
    assert Label.model_validate_json(received[0][1]) == told


@pytest.mark.parametrize("wrong", [{"speed": 0.0}, {"speed": -1.0}, {"step_ms": 240_001}, {"step_ms": -1}])
def test_a_clock_that_would_make_bad_times_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"speed|step"):
        SimulatedClock(**wrong)  # type: ignore[arg-type]


async def test_under_simulated_time_nothing_overtakes_the_clock(broker: MqttEndpoint) -> None:
    """A dialect may speak at QoS 0; what waits at the broker for a slow gateway is QoS 1, the clock among it."""

    class Careless(NativeSessions):
        def encode(self, report: Report) -> tuple[MqttMessage, ...]:
            return tuple(replace(message, qos=0) for message in super().encode(report))

    async with listening(broker, UPLINKS), Publisher(broker, "careless") as sender:
        simulated = await drive(on_time([report(NOON)]), sender, SimulatedClock(), asyncio.Event(), sessions=Careless())
        now = on_time([report(int(time.time() * 1000))])
        real = await drive(now, sender, WallClock(), asyncio.Event(), sessions=Careless())
    assert (simulated.distinct, simulated.unsure) == (1, 0)
    assert (real.distinct, real.unsure) == (0, 1)
