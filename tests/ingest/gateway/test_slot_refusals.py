"""What a device sends and nobody can read, from the broker to the list of rejections."""

import pytest

from domain.rejections import Reason
from ingest.rejections.rejected_message import RejectionQuery
from ingest.rejections.service import LogRejections
from ingest.rejections.tail import RejectedTail
from tests.ingest.gateway.rig import NOW_MS, Lamps, Rig
from tests.patience import until

pytestmark = pytest.mark.mosquitto


async def test_a_will_and_json_cut_short_count_against_the_device_of_their_topic(rig: Rig) -> None:
    async with rig.running() as gateway:
        await rig.publish(
            [("city/a/streetlight/L1/up", b"offline"), ("city/a/streetlight/L2/up", b'{"readings":{"act')]
        )
        await until(lambda: gateway.counters.acknowledged == 2)
    rejections = LogRejections(rig.log, rig.topics, Lamps())
    page = await rejections.list_rejected(RejectionQuery(device_id="L1"), 10)
    assert [(one.device_id, one.reason, one.topic) for one in page.items] == [
        ("L1", Reason.UNPARSEABLE, "city/a/streetlight/L1/up")
    ]
    count = await RejectedTail(rig.log, rig.topics).count("L2", 0)
    assert (count.whole, count.last_ms, count.last_reason) == (1, NOW_MS, Reason.UNPARSEABLE)
