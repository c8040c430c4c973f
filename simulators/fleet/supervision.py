"""All processes of a load, as one: started, connected, run together, and ended with us."""

import asyncio
import pickle
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from domain.errors import ConfigurationError, TransientFault
from simulators.fleet.plan import LoadOutcome, LoadPlan, LoadProgress
from simulators.fleet.process import CONNECT_WITHIN_S, STOP, encode_message

OnProgress = Callable[[LoadProgress], None]


class Fleet:
    """`async with` starts the processes of a plan and connects every device; leaving it ends them, whatever happened.

    Raises on entering: ConfigurationError where the broker refuses us for good, TransientFault where not every
    connection came up within a minute.
    """

    def __init__(self, plan: LoadPlan) -> None:
        self._plan = plan
        self._children: list[asyncio.subprocess.Process] = []
        self._progress: dict[int, LoadProgress] = {}

    @property
    def pids(self) -> list[int]:
        return [child.pid for child in self._children]

    async def __aenter__(self) -> Self:
        try:
            for process in range(self._plan.processes):
                child = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "simulators.fleet.process",
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
                self._children.append(child)
                await _send(child, (self._plan, process))
            answers = await asyncio.gather(*(self._answer(number, None) for number in range(len(self._children))))
            if any(answer != "connected" for answer in answers):
                up = sum(progress.connected for progress in self._progress.values())
                endpoint = self._plan.endpoint
                raise TransientFault(
                    f"{up} of {self._plan.connections} connections to {endpoint.host}:{endpoint.port} came up within "
                    f"{CONNECT_WITHIN_S:g} s"
                )
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def run(self, start_ms: int, on_progress: OnProgress | None = None) -> LoadOutcome:
        """Send the whole schedule, message 0 at `start_ms`; what all processes did together.

        `on_progress` is called about once a second how far they are. Raises: TransientFault where a process has died.
        """
        for child in self._children:
            await _send(child, start_ms)
        total = LoadOutcome()
        for outcome in await asyncio.gather(
            *(self._answer(number, on_progress) for number in range(len(self._children)))
        ):
            assert isinstance(outcome, LoadOutcome)
            total.merge(outcome)
        return total

    async def stop(self) -> None:
        """Let `run` end at once with what was done so far."""
        for child in self._children:
            await _send(child, STOP)

    async def _answer(self, number: int, on_progress: OnProgress | None) -> Any:
        """The next message of a process beside its progress."""
        source = self._children[number].stdout
        assert source is not None
        while True:
            try:
                length = int.from_bytes(await source.readexactly(8), "big")
                answer = pickle.loads(await source.readexactly(length))
            except asyncio.IncompleteReadError as error:
                raise TransientFault("a process of the load has died; see what it printed above") from error
            if isinstance(answer, ConfigurationError):
                raise answer
            if not isinstance(answer, LoadProgress):
                return answer
            self._progress[number] = answer
            if on_progress is not None and number == 0:
                on_progress(self._sum())

    def _sum(self) -> LoadProgress:
        total = LoadProgress()
        for progress in self._progress.values():
            for name in LoadProgress.__slots__:
                setattr(total, name, getattr(total, name) + getattr(progress, name))
        return total

    async def _end(self) -> None:
        for child in self._children:
            if child.returncode is None and child.stdin is not None:
                child.stdin.close()
        for child in self._children:
            try:
                await asyncio.wait_for(child.wait(), 2)
            except TimeoutError:
                child.kill()
                await child.wait()


async def _send(child: asyncio.subprocess.Process, value: Any) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(encode_message(value))
        await child.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass
