"""What a process waits for before its services run, and how they are afterwards."""

from collections.abc import Mapping

from domain.errors import TransientFault
from web.api.operations.readiness import ReadinessWatch
from web.ports import ReadinessCheck


class Startup:
    """The check `start` is bad, with what is waited for, until the process has opened what its services stand on.

    `watch` is what `/readyz` answers from meanwhile, and in a process without an API afterwards, too.
    """

    def __init__(self) -> None:
        self._waiting = "starting"
        self.watch = ReadinessWatch({"start": self._check})

    def wait_for(self, words: str) -> None:
        self._waiting = words

    def end(self, checks: Mapping[str, ReadinessCheck]) -> None:
        """Everything is open; from now on these are the checks."""
        self._waiting = ""
        self.watch.add(checks)

    async def _check(self) -> str:
        if self._waiting:
            raise TransientFault(self._waiting)
        return "everything is open"
