"""CloudEvents in Kafka's binary binding: the bytes on the log, and what is read of them."""

from typing import Any
from uuid import UUID

import pytest

from cases.desk.publication import case_record
from cases.storage import Publication
from domain.cloud_events import CloudEventReader, CloudEventWriter, EventType
from domain.events import Transition
from rules.correlation.stage import Output
from rules.worker.correlator import cloud_event
from streams.ports import Outgoing

NOON_MS = 1_780_000_000_123
EVENT_ID = UUID(int=7)


def test_a_record_of_city_events_has_these_bytes() -> None:
    event: dict[str, Any] = {"subject": "灯-1", "event_id": str(EVENT_ID), "revision": 3}
    output = Output(Transition.CLEARED, event, b"{}", NOON_MS)
    assert cloud_event("city.events", output) == Outgoing(
        "city.events",
        "灯-1".encode(),
        b"{}",
        (
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_id", b"00000000-0000-0000-0000-000000000007/3"),
            ("ce_source", b"/urbansense/rules"),
            ("ce_type", b"urbansense.event.cleared.v1"),
            ("ce_subject", "灯-1".encode()),
            ("ce_time", b"2026-05-28T20:26:40.123Z"),
            ("schema", b"event/1"),
        ),
    )


def test_a_record_of_city_cases_has_these_bytes() -> None:
    publication = Publication(9, EVENT_ID, 4, "send_to_verify", NOON_MS, b"{}")
    assert case_record("city.cases", publication) == Outgoing(
        "city.cases",
        b"00000000-0000-0000-0000-000000000007",
        b"{}",
        (
            ("content-type", b"application/json"),
            ("ce_specversion", b"1.0"),
            ("ce_id", b"00000000-0000-0000-0000-000000000007/4"),
            ("ce_source", b"/urbansense/cases"),
            ("ce_type", b"urbansense.case.send_to_verify.v1"),
            ("ce_subject", b"00000000-0000-0000-0000-000000000007"),
            ("ce_time", b"2026-05-28T20:26:40.123Z"),
            ("schema", b"case/1"),
        ),
    )


def test_what_is_written_is_read() -> None:
    writer = CloudEventWriter("/urbansense/rules", "event", "event/1")
    for transition in Transition:
        read = CloudEventReader(writer.headers("e/1", transition, b"L1", NOON_MS))
        assert (read.id, read.type, read.at_ms) == ("e/1", EventType("event", transition.value), NOON_MS)
        assert str(read.type) == transition.cloud_event_type


@pytest.mark.parametrize(
    "text", [b"urbansense.event.opened.v2", b"org.event.opened.v1", b"urbansense.event.v1", b"", b"\xff", b"tick"]
)
def test_a_type_that_is_not_ours_is_none(text: bytes) -> None:
    assert CloudEventReader((("ce_type", text),)).type is None


def test_absent_attributes_are_none_and_a_time_that_is_none_is_refused() -> None:
    read = CloudEventReader((("schema", b"telemetry/1"),))
    assert (read.id, read.type, read.at_ms) == (None, None, None)
    for time in (b"yesterday", b"2026-05-28T20:26:40", b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011
            _ = CloudEventReader((("ce_time", time),)).at_ms
    assert CloudEventReader((("ce_time", b"2026-05-29T04:26:40.123+08:00"),)).at_ms == NOON_MS
