"""Group commit: one thread owns the writing connection, and everything that waits for it becomes one transaction.

event loop ── submit ──▶ queue ──▶ thread: BEGIN, insert all that waits, COMMIT (one fsync) ──▶ event loop: futures
                                    └─ meanwhile the next group gathers
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import structlog

from domain.errors import TransientFault
from domain.retry import backoff_s
from streams.sqlite.faults import file_fault
from streams.sqlite.file import GroupPlace, connect, fetch_next_offsets, insert_records, store_places

_LOG = structlog.get_logger()
_MOST_ROWS = 20_000

NewRow = tuple[int, bytes | None, bytes | None, bytes]
"""partition id, key, value, packed headers"""
Action = Callable[[sqlite3.Connection, dict[int, int]], Any]
"""Something else to do inside the transaction; sees the next offset of every partition, and may add partitions."""
_partition_id = itemgetter(0)


class Work:
    """What happens all or nothing: rows to append, places to move, or an action. The future ends when it is durable."""

    __slots__ = ("action", "future", "places", "rows")

    def __init__(
        self,
        future: "asyncio.Future[Any]",
        rows: Sequence[NewRow] = (),
        places: Sequence[GroupPlace] = (),
        action: Action | None = None,
    ) -> None:
        self.future = future
        self.rows = rows
        self.places = places
        self.action = action


class GroupCommitter:
    """The writing side of the file. `submit` from the event loop only; works are made durable in order of submission.

    `on_ends` is called on the event loop, before the futures end, with the new next offset of every partition appended
    to. A disk that is full or fails is retried without bound and logged once; a work that cannot be stored fails alone.
    """

    def __init__(self, path: Path, now_ms: Callable[[], int], on_ends: Callable[[dict[int, int]], None]) -> None:
        self._path = path
        self.fault: str | None = None
        """Why what waits cannot be written now; None while it can."""
        self._connection = connect(path)
        self._next = fetch_next_offsets(self._connection)
        self._now_ms = now_ms
        self._on_ends = on_ends
        self._queue: deque[Work] = deque()
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-commits", daemon=True)
        self._thread.start()

    @property
    def next_offsets(self) -> dict[int, int]:
        """A copy, to be taken before the first work is submitted."""
        return dict(self._next)

    def submit(self, work: Work) -> None:
        self._queue.append(work)
        if not self._awake.is_set():
            self._awake.set()

    async def close(self) -> None:
        """Finish what is queued (or fail it, if the disk refuses), then let the file go."""
        self._stopping.set()
        self._awake.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (group := self._take()) is not None:
            self._commit(group)
        self._connection.close()

    def _take(self) -> list[Work] | None:
        while not self._queue:
            if self._stopping.is_set():
                return None
            self._awake.wait()
            self._awake.clear()
        group = [self._queue.popleft()]
        rows = len(group[0].rows)
        while self._queue and rows < _MOST_ROWS:
            work = self._queue.popleft()
            rows += len(work.rows)
            group.append(work)
        return group

    def _commit(self, group: list[Work]) -> None:
        waits, logged = backoff_s(), False
        while True:
            try:
                ends, results = self._attempt(group)
            except sqlite3.OperationalError as error:
                self.fault = f"the log cannot be written: {file_fault(self._path, error) or error}"
                if not logged:
                    _LOG.error("log cannot be written, trying on", error=self.fault)
                    logged = True
                if self._stopping.wait(next(waits)):
                    self._report(group, {}, [TransientFault(self.fault)] * len(group))
                    return
            except Exception as error:
                if isinstance(error, sqlite3.Error) and (fault := file_fault(self._path, error)):
                    self.fault = f"the log cannot be written: {fault}"
                    self._report(group, {}, [TransientFault(self.fault)] * len(group))
                elif len(group) == 1:
                    self._report(group, {}, [error])
                else:
                    for work in group:
                        self._commit([work])
                return
            else:
                self.fault = None
                if logged:
                    _LOG.info("log is written again")
                self._report(group, ends, results)
                return

    def _attempt(self, group: list[Work]) -> tuple[dict[int, int], list[Any]]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            ends = self._insert([row for work in group for row in work.rows])
            next_offsets = self._next | ends
            results = []
            for work in group:
                store_places(self._connection, work.places)
                results.append(work.action(self._connection, next_offsets) if work.action else None)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._next = next_offsets
        return ends, results

    def _insert(self, rows: list[NewRow]) -> dict[int, int]:
        """Insert the rows with the next offsets of their partitions; the offsets after them, by partition id."""
        ends: dict[int, int] = {}
        if not rows:
            return ends
        rows.sort(key=_partition_id)  # stable, so the order within a partition stays
        now_ms = self._now_ms()
        columns: list[object] = []
        current, offset = rows[0][0], self._next[rows[0][0]]
        for partition_id, key, value, headers in rows:
            if partition_id != current:
                ends[current] = offset
                current, offset = partition_id, self._next[partition_id]
            columns += (partition_id, offset, now_ms, key, value, headers)
            offset += 1
        ends[current] = offset
        insert_records(self._connection, columns)
        return ends

    def _report(self, group: list[Work], ends: dict[int, int], results: list[Any]) -> None:
        try:
            group[0].future.get_loop().call_soon_threadsafe(self._finish, group, ends, results)
        except RuntimeError:  # the event loop is gone, and nobody waits any more
            pass

    def _finish(self, group: list[Work], ends: dict[int, int], results: list[Any]) -> None:
        if ends:
            self._on_ends(ends)
        for work, result in zip(group, results, strict=True):
            if work.future.done():
                continue
            if isinstance(result, BaseException):
                work.future.set_exception(result)
            else:
                work.future.set_result(result)
