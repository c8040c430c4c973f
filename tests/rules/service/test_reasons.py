"""Explanations over what a live run stored: every event has its reasons, and so has every absence."""

from collections import Counter

from domain.events import Event, Status
from rules.explaining.absence.answers import Code, is_open_at
from tests.rules.engines import at
from tests.rules.service.lived_city import MINUTES, ON_EACH_STORE, City, devices, feed, reports


@ON_EACH_STORE
async def test_every_event_of_a_lively_run_is_explained_by_its_own_readings(city: City) -> None:
    await feed(city.stages, reports())
    await city.settled()
    published = list((await city.published()).values())
    for event in published:
        found = await city.history.explain(event)
        assert found.because
        assert (found.rule, found.version) == (event.rule, event.rule_version)
        if event.rule == "feeder-fault":
            assert len(found.because) == 1 + sum(_was_open(one, event) for one in published)
        elif event.rule != "silent":
            assert found.parts
            assert all(part.holds for part in found.parts)
            assert any(change.what.en == "the event opens" for change in found.changes)
        assert not any("do not give this event" in note.en for note in found.notes)


def _was_open(member: Event, group: Event) -> bool:
    parent = f"C{1 + int(member.subject[1:]) % 2}" if member.rule == "lamp-out" else None
    return (
        parent == group.subject
        and group.opened_at_ms - 600_000 <= member.opened_at_ms <= group.opened_at_ms
        and (member.cleared_at_ms is None or member.cleared_at_ms > group.opened_at_ms)
    )


async def test_every_absence_has_its_reason_and_none_is_claimed_of_an_open_event(city: City) -> None:
    await feed(city.stages, reports())
    await city.settled()
    published = [event for event in (await city.published()).values() if event.status is not Status.WITHDRAWN]
    codes: Counter[Code] = Counter()
    for device in devices()[:6]:
        for rule in ("lamp-out", "again", "silent", "cabinet-dead"):
            for minute in range(5, MINUTES, 25):
                answer = await city.history.why_not(rule, device.device_id, at(minute))
                event = next(
                    (
                        e
                        for e in published
                        if (e.rule, e.subject) == (rule, device.device_id) and is_open_at(e, at(minute))
                    ),
                    None,
                )
                assert answer.event == event
                assert answer.reasons
                assert all(reason.text.en and reason.text.zh for reason in answer.reasons)
                codes[answer.reasons[0].code] += 1
    assert codes.keys() >= {Code.OPEN, Code.OTHER_KIND, Code.FALSE, Code.COUNTING, Code.NOT_SILENT, Code.SILENCED}
