"""Failed logins in the audit log: equal ones are one row at once, and one more with their count when their hour is over.

So a flood of guesses grows the log by so many rows an hour, whatever it costs the attacker, and no answer waits for a row:
`note` only counts, `write` writes. A process that is killed loses the counts of its present hour, never the first rows.
"""

from collections import Counter
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from accounts.audit.log import append_audit
from accounts.ports import Database
from domain.time.units import HOUR_MS

WINDOW_MS: Final = HOUR_MS
MOST_KINDS: Final = 100
"""Kinds of failure that a window keeps apart; further ones are counted together, of nobody in particular."""


@dataclass(slots=True)
class _Window:
    """Equal failures since `from_ms`: how many no row holds yet, and whether the first row is written."""

    from_ms: int
    to_ms: int
    unwritten: int
    begun: bool = False


class FailedLogins:
    """Safe from many threads. `totals` counts every failure of this process by its reason."""

    def __init__(self, database: Database, most_kinds: int = MOST_KINDS) -> None:
        self._database = database
        self._most_kinds = most_kinds
        self._windows: dict[tuple[str, str], _Window] = {}
        self._lock = Lock()
        self._writing = Lock()
        self.totals: Counter[str] = Counter()

    def note(self, subject: str, why: str, at_ms: int) -> None:
        """One more. It only counts, in a time from which nobody learns whether the user exists."""
        with self._lock:
            self.totals[why] += 1
            key = (subject, why)
            if key not in self._windows and len(self._windows) >= self._most_kinds:
                key = ("user", f"{why}, of further users")
            window = self._windows.setdefault(key, _Window(at_ms, at_ms, 0))
            window.unwritten, window.to_ms = window.unwritten + 1, at_ms

    def write(self, at_ms: int, *, everything: bool = False) -> int:
        """How many rows were written: of what is new, and of windows that are over; of all, where the process ends.

        Raises: domain.errors.TransientFault; what was not written then is written the next time.
        """
        with self._writing:
            return self._write(at_ms, everything)

    def _write(self, at_ms: int, everything: bool) -> int:
        with self._lock:
            due = {
                key: (window.unwritten, self._details(key[1], window))
                for key, window in self._windows.items()
                if window.unwritten and (not window.begun or everything or at_ms - window.from_ms >= WINDOW_MS)
            }
        if due:
            with self._database.writing() as connection:
                for (subject, _), (_, details) in due.items():
                    append_audit(connection, at_ms, "nobody", "login-failed", subject, details)
        with self._lock:
            for key, (written, _) in due.items():
                self._windows[key].unwritten -= written
                self._windows[key].begun = True
            for key in [key for key, one in self._windows.items() if at_ms - one.from_ms >= WINDOW_MS]:
                if not self._windows[key].unwritten:
                    del self._windows[key]
        return len(due)

    @staticmethod
    def _details(why: str, window: _Window) -> dict[str, Any]:
        if window.unwritten == 1:
            return {"why": why}
        return {"why": why, "count": window.unwritten, "from_ms": window.from_ms, "to_ms": window.to_ms}
