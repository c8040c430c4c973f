"""Before a load: a few devices open and clear a probe event, which proves that the whole platform knows devices and rule.

Without it the first seconds of a run would measure how long the gateway and the rules workers take to know of them.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from domain.errors import TransientFault
from domain.mqtt import MqttEndpoint
from simulators.dialects.reports import MqttMessage
from simulators.fleet.kinds import AREA, LoadKind, device_id
from simulators.publish.connection import PublishCounts, Publisher
from urbansense.evaluation.load.observers import Observer

_DEVICES: Final = 64
_AGAIN_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.05


async def run_preflight(
    watch: Observer, endpoint: MqttEndpoint, kind: LoadKind, devices: int, client_id: str, within_s: float = 60.0
) -> None:
    """Return when every one of up to 64 devices, spread over all of them, has opened and cleared a probe event.

    Raises: TransientFault that names the stage which does not answer.
    """
    step = max(1, devices // _DEVICES)
    subjects = {device_id(number) for number in range(0, devices, step)} | {device_id(devices - 1)}
    deadline_s = time.monotonic() + within_s
    async with Publisher(endpoint, client_id) as publisher:

        async def send_until(done: Callable[[], bool], digit: str) -> bool:
            while not done() and time.monotonic() < deadline_s:
                now_ms = int(time.time() * 1000)
                for number, subject in enumerate(sorted(subjects)):
                    readings = kind.readings.format(a=number % 10, b=0, p=digit)
                    payload = b'{"ts":%d,"readings":%s}' % (now_ms, readings.encode())
                    await publisher.publish(
                        MqttMessage(f"city/{AREA}/{kind.kind}/{subject}/up", payload), PublishCounts()
                    )
                again_s = time.monotonic() + _AGAIN_S
                while not done() and time.monotonic() < again_s:
                    await asyncio.sleep(_LOOK_EVERY_S)
            return done()

        opened = await send_until(lambda: subjects <= watch.standing, kind.tripped)
        if opened and await send_until(lambda: not watch.standing & subjects, kind.quiet):
            return
    raise TransientFault(_complaint(watch, subjects, opened))


def _complaint(watch: Observer, subjects: set[str], opened: bool) -> str:
    if opened:
        return (
            f"{len(watch.standing & subjects)} of {len(subjects)} probe events did not clear: do the rules workers run?"
        )
    if watch.sees_log and not watch.reported & subjects:
        return "no report of the load's devices reached the log: does a gateway run, on this broker and this prefix?"
    reported = f"{len(watch.reported & subjects)} devices were heard, " if watch.sees_log else ""
    return (
        f"{reported}{len(watch.standing & subjects)} of {len(subjects)} opened a probe event: do rules workers and the "
        "correlator run, on this log and prefix?"
    )
