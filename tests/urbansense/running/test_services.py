"""One way to stop: once in good order, twice at once."""

import asyncio
import signal
import subprocess
import sys

import pytest

from domain.errors import TransientFault
from urbansense.running.services import unless_stopped

STUBBORN = """
import asyncio
from urbansense.running.services import stop_on_signals

async def main():
    stop = asyncio.Event()
    stop_on_signals(stop)
    print("ready", flush=True)
    await stop.wait()
    while True:  # what a server that is away holds up, and what cleans up after it
        try:
            print("held up", flush=True)
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

asyncio.run(main())
"""


def test_the_second_signal_ends_even_what_the_first_cannot() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            while process.stdout.readline() != "held up\n":
                assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 128 + signal.SIGTERM
        finally:
            process.kill()


async def test_waiting_for_a_server_ends_when_told_to_stop() -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(unless_stopped(asyncio.sleep(60), stop))
    stop.set()
    with pytest.raises(TransientFault):
        await asyncio.wait_for(waiting, 5)


async def test_what_was_waited_for_is_given_on_whether_it_went_well_or_not() -> None:
    stop = asyncio.Event()
    assert await unless_stopped(asyncio.sleep(0, "there"), stop) == "there"

    async def fail() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        await unless_stopped(fail(), stop)
