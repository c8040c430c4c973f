"""How a desk dies in tests: by kill -9 from within, at a step of its own that a seed chooses.

A step is a call in the code of the cases, of the log or of the drivers below them (a statement of SQLite, a message to
PostgreSQL, a request to Kafka), in any thread. So a death can fall between any two things that the world can see.
"""

import os
import signal
import sys
import threading
from types import CodeType, FrameType
from typing import Any, Final

_WATCHED: Final = (
    "/cases/desk/service.py", "/cases/desk/publication.py", "/cases/intake/", "/cases/storage/store.py",
    "/accounts/audit/log.py", "/device_registry/storage/database.py", "/streams/",
    "/sqlalchemy/engine/default.py", "/psycopg/", "/aiokafka/producer/",
)  # fmt: skip
POINTS: Final = ("_take_in", "append_audit", "commit_positions", "_publish", "_write", "mark_published")
"""Where a desk's steps begin to count: in the transaction of the events, when it is committed, when the log has taken the
cases in. What comes between the last two is the log's own."""
OF_THE_LOG: Final = {
    "embedded": ("insert_records", "store_places"),
    "kafka": ("begin_transaction", "send_offsets_to_transaction", "commit_transaction"),
}
"""Inside the transaction of the log."""

PLAYED: Final = "cover-open"
"""The problem whose cases people act on."""
LEFT_TO_OTHERS: Final = frozenset({"merge", "reject"})


class Death:
    """Kills this process at its n-th step from the first call of `begins` on, and says where that was."""

    def __init__(self, begins: str, step: int) -> None:
        self._left = step
        self._begins = begins
        self._begun = False
        self._watched: dict[CodeType, bool] = {}

    def await_it(self) -> None:
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def _see(self, frame: FrameType, event: str, argument: Any) -> None:
        if event not in ("call", "c_call"):
            return
        code = frame.f_code
        watched = self._watched.get(code)
        if watched is None:
            watched = self._watched[code] = any(place in code.co_filename for place in _WATCHED)
        if not watched:
            return
        self._begun = self._begun or code.co_name == self._begins
        self._left -= self._begun
        if self._left <= 0:
            called = f" > {argument.__name__}" if event == "c_call" else ""
            where = "/".join(code.co_filename.rsplit("/", 2)[1:])
            os.write(2, f"killed at {where}:{code.co_name}{called}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


def desk_until_killed(begins: str, step: int, batch: int) -> None:
    """`urbansense desk` in batches of that size; dies at that step, or lives where it is 0."""
    import cases.desk.publication
    import cases.desk.service
    from urbansense.commands.platform.services import run_until_stopped
    from urbansense.configuration.settings import load_settings
    from urbansense.wiring.stages import run_desk

    cases.desk.service._BATCH = cases.desk.publication._BATCH = batch  # type: ignore[misc]
    if step:
        Death(begins, step).await_it()
    run_until_stopped(load_settings(), run_desk)


def person_until_killed(step: int, seed: str, answers: str) -> None:
    """Somebody who acts on the cases of the desk and writes every answer down, until they die at that step."""
    from random import Random

    from cases.deadlines import CityTimes
    from cases.policy import load_policy
    from cases.storage import CaseQuery, CaseStore
    from device_registry.storage.database import open_engine
    from tests.cases.playing import Person
    from urbansense.configuration.settings import load_settings
    from urbansense.wiring.shared_database import SharedDatabase

    settings = load_settings()
    book = CaseStore(SharedDatabase(open_engine(settings.registry_url)), CityTimes(load_policy().calendar))
    person, random = Person(f"api-{seed}", Random(seed)), Random(seed)
    written = os.open(answers, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    if step:
        Death("act", step).await_it()
    at_ms = 1_780_000_000_000
    while True:
        seen = book.find(CaseQuery(limit=50, problem=PLAYED)).items
        for case in random.sample(seen, min(5, len(seen))):
            told = len(person.done)
            person.act(book, case, at_ms, list(seen), LEFT_TO_OTHERS)
            for case_id, revision, transition in person.done[told:]:
                os.write(written, f"{case_id} {revision} {transition}\n".encode())
