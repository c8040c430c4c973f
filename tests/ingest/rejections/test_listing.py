"""Refused messages found again: by device, topic, reason and time, page by page."""

import pytest

from domain.rejections import Reason
from ingest.rejections.rejected_message import RejectionQuery, Standing
from tests.ingest.rejections.rig import NOW, RejectionRig


@pytest.fixture
async def rig_of_three(rig: RejectionRig) -> RejectionRig:
    rig.register("SL-1", "SL-2")
    await rig.receive("city/x/streetlight/SL-1/up", b"offline", NOW)
    await rig.report("SL-1", NOW + 1, voltage="high")
    await rig.receive("city/y/streetlight/SL-2/up", b"offline", NOW + 2)
    await rig.receive("city/hello", b"offline", NOW + 3)
    return rig


@pytest.mark.parametrize(
    ("query", "received"),
    [
        (RejectionQuery(), [3, 2, 1, 0]),
        (RejectionQuery(device_id="SL-1"), [1, 0]),
        (RejectionQuery(device_id="SL-9"), []),
        (RejectionQuery(device_id="SL-1", reason=Reason.UNPARSEABLE), [0]),
        (RejectionQuery(topic="city/y/streetlight/SL-2/up"), [2]),
        (RejectionQuery(topic="city/+/streetlight/+/up"), [2, 1, 0]),
        (RejectionQuery(topic="city/hello/#"), [3]),
        (RejectionQuery(topic="city"), []),
        (RejectionQuery(from_ms=NOW + 1, to_ms=NOW + 3), [2, 1]),
        (RejectionQuery(standing=Standing.REPLAYED), []),
    ],
)
async def test_rejections_are_found(rig_of_three: RejectionRig, query: RejectionQuery, received: list[int]) -> None:
    page = await rig_of_three.rejections.list_rejected(query, 100)
    assert [one.received_at_ms - NOW for one in page.items] == received
    assert page.next is None


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_pages_hold_each_rejection_once_though_newer_ones_come(rig_of_three: RejectionRig, limit: int) -> None:
    for _ in range(3):
        await rig_of_three.receive("city/hello", b"at one instant", NOW)
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = await rig_of_three.rejections.list_rejected(RejectionQuery(), limit, cursor)
        seen += [one.id for one in page.items]
        cursor, pages = page.next, pages + 1
        await rig_of_three.receive("city/hello", b"newer", NOW + 100 + pages)
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize("cursor", ["", "x", "1.2", "1.2.3.4", "1.2.x", "9" * 30 + ".1.1"])
async def test_a_cursor_that_no_page_gave_is_refused(rig: RejectionRig, cursor: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        await rig.rejections.list_rejected(RejectionQuery(), 1, cursor)


async def test_what_cannot_be_read_counts_in_the_health_of_its_device(rig_of_three: RejectionRig) -> None:
    count = await rig_of_three.tail.count("SL-1", NOW)
    assert (count.whole, count.in_part, count.last_ms, count.last_reason) == (2, 0, NOW + 1, Reason.BAD_VALUE)
