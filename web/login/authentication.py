"""Passwords checked for requests: first whether the guess is allowed, then its turn, then the hash in a thread of its own.

request ──▶ mark of a known browser ──▶ attempt limits (429, no hash) ──▶ fair turn (429 at the end of the queue)
        ──▶ hash and database, two at a time ──▶ right: the charge is given back; wrong: counted, and written down later
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic
from typing import Final, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response

from accounts import NewSession
from accounts.credentials.attempt_limits import Attempt, AttemptBounds, AttemptLimits
from accounts.credentials.known_devices import without_user
from accounts.service.services import AccountServices
from accounts.users.refusals import LoginRefused, TooManyFailures
from domain.errors import TransientFault
from domain.time.units import MINUTE_MS
from web.gate.addresses import address_of
from web.gate.session_cookie import marks_in, set_marks, set_session
from web.login.turns import FairTurns

_log = structlog.get_logger()
_T = TypeVar("_T")

AT_ONCE: Final = 2
"""Each password takes 64 MiB and its share of the processors to check: more at once would starve everything else."""
WAITING: Final = 64


class PasswordAuthentication:
    """Checks passwords, a few at a time. `bounds` are the limits of guesses. For one event loop."""

    def __init__(self, people: AccountServices, bounds: AttemptBounds | None = None) -> None:
        self._people = people
        self._limits = AttemptLimits(bounds)
        self._turns = FairTurns(AT_ONCE, WAITING)
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords")
        self._warned_ms = -MINUTE_MS
        self._writing: asyncio.Task[None] | None = None

    async def log_in(self, request: Request, username: str, password: str) -> NewSession:
        """Raises: LoginRefused; TooManyFailures; TransientFault."""
        name = username.strip().lower()
        return await self._guess(request, name, lambda now_ms: self._people.logins.log_in(name, password, now_ms))

    async def change(self, request: Request, username: str, current: str, password: str, *, keep_tokens: bool) -> None:
        """Raises: LoginRefused; TooManyFailures; BadPeople; TransientFault."""
        change = self._people.logins.change_own_password
        await self._guess(
            request,
            username,
            lambda now_ms: change(username, current, password, now_ms, keep_tokens=keep_tokens),
        )

    async def give(self, username: str, password: str, by: str, *, keep_tokens: bool) -> None:
        """Raises: UnknownPerson; BadPeople; TooManyFailures; TransientFault."""
        give, now_ms = self._people.logins.set_password, self._people.now_ms()
        async with self._turns.turn(by, known=True):
            await self._in_thread(lambda: give(username, password, by=by, at_ms=now_ms, keep_tokens=keep_tokens))

    async def write_failures(self, *, everything: bool = False) -> None:
        """Write down what was refused, as far as it is due; a database that is away gets it the next time."""
        try:
            now_ms = self._people.now_ms()
            await asyncio.to_thread(self._people.logins.failures.write, now_ms, everything=everything)
        except TransientFault as error:
            _log.error("web.login_failures_not_written", error=str(error))

    async def _guess(self, request: Request, name: str, check: Callable[[int], _T]) -> _T:
        people, address = self._people, address_of(request)
        marks = marks_in(request)
        device = await asyncio.to_thread(people.logins.known_device, name, marks, people.now_ms()) if marks else None
        with self._charged(address, name, device) as attempt:
            async with self._turns.turn(address, known=attempt.device is not None):
                return await self._in_thread(lambda: check(people.now_ms()))

    @contextmanager
    def _charged(self, address: str, name: str, device: str | None) -> Iterator[Attempt]:
        """The guess, charged until the block ends without a wrong password."""
        try:
            attempt = self._limits.begin(address, name, device, _now_ms())
        except TooManyFailures:
            self._people.logins.failures.note("user", "too many failures", self._people.now_ms())
            self._warn(address)
            self._write_soon()
            raise
        try:
            yield attempt
        except LoginRefused:
            self._write_soon()
            raise
        except BaseException:
            self._limits.take_back(attempt, _now_ms())
            raise
        self._limits.forgive(attempt, _now_ms())

    def _warn(self, address: str) -> None:
        """At most once a minute; never the name, since it may be a password in the wrong field."""
        if _now_ms() - self._warned_ms >= MINUTE_MS:
            self._warned_ms = _now_ms()
            so_far = self._people.logins.failures.totals["too many failures"]
            _log.warning("guesses of passwords are refused", address=address, so_far=so_far)

    def _write_soon(self) -> None:
        """Behind the answer, so that its time gives nothing away; one writer at a time."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self.write_failures())

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def give_session(response: Response, request: Request, people: AccountServices, session: NewSession) -> None:
    """Give the browser its session, and the mark by which it is known the next time, beside those of others."""
    set_session(response, request, people, session.secret)
    if session.device_mark is not None:
        others = without_user(marks_in(request), session.user.username)
        set_marks(response, request, people, [session.device_mark, *others])


def _now_ms() -> int:
    return int(monotonic() * 1000)
