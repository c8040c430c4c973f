"""When events were first told, read from the log that real stages wrote."""

import asyncio
from pathlib import Path

import pytest

from domain.events import Status
from streams.opening.by_url import open_log
from tests.rules.engines import at
from tests.rules.service.lived_city import City, feed, reports
from tests.urbansense.evaluation.scoring.grading.truths import told
from urbansense.configuration.settings import Settings
from urbansense.evaluation.scoring.grading import ScoredEvent
from urbansense.evaluation.scoring.inputs.first_published import (
    NotKnown,
    fetch_first_published,
    first_published_of,
    with_first_published,
)


async def test_the_log_tells_when_each_event_was_first_told(city: City) -> None:
    await feed(city.stages, reports())
    await city.settled()
    events = await city.published()
    tellings = await first_published_of(city.stages.log, city.stages.topics)
    assert len(events) > 10
    assert tellings.keys() == events.keys()
    cleared = [event for event in events.values() if event.status is Status.CLEARED and event.cleared_at_ms]
    assert cleared
    for event in cleared:
        first_ms = tellings[str(event.event_id)]
        assert event.opened_at_ms - 60_000 <= first_ms <= at(181), "clocks tick each minute"
    prompt = [event for event in cleared if tellings[str(event.event_id)] - event.opened_at_ms <= 120_000]
    assert len(prompt) > len(cleared) // 2, "the first telling counts, not that of the clearing"
    known = next(iter(events.values()))
    (joined, unknown) = with_first_published([ScoredEvent(known), told(2)], tellings)
    assert joined.published_ms == tellings[str(known.event_id)]
    assert unknown.published_ms is None


def test_without_a_log_nothing_is_known_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotKnown, match="there is no log"):
        asyncio.run(fetch_first_published(Settings(data_dir=tmp_path / "data")))
    assert list(tmp_path.iterdir()) == []


async def test_a_log_that_somebody_holds_is_named(tmp_path: Path) -> None:
    log = await open_log("embedded:", tmp_path)
    try:
        with pytest.raises(NotKnown, match=r"log\.sqlite"):
            await fetch_first_published(Settings(data_dir=tmp_path))
    finally:
        await log.close()
    with pytest.raises(NotKnown, match=r"there is no topic city\.events"):
        await fetch_first_published(Settings(data_dir=tmp_path))
