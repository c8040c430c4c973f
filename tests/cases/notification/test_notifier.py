"""From events to what the crews get: one trouble, one message, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cases.notification import MessageStatus, NotificationService, Notifier, NotifyDocument, Preference
from cases.policy import Escalation
from cases.storage import CaseStore
from cases.workflow.case import Case, Term, TermUnit
from cases.workflow.performing import Act
from cases.workflow.states import State
from device_registry.storage.database import open_engine
from domain.actors import Role
from domain.events import Severity
from domain.time.durations import parse_instant_ms
from tests.cases.intake.lamps import Desk, feeder_fault, lamp_out, later
from tests.cases.notification.channels.email.test_channel import mail_server
from tests.cases.notification.office import TIMES, WEBHOOK, document, hire
from tests.cases.notification.receivers import Receiver, receiving
from tests.cases.workflow.acting import DISPATCHER, FOUR_HOURS, LIGHTING, NOON_MS
from urbansense.wiring.shared_database import SharedDatabase

ONLY_DISPATCHED = "rules: [{on: dispatched, to: department}]\n"


class Clock:
    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


def no_chain(case: Case) -> Sequence[Escalation]:
    return ()


@asynccontextmanager
async def notifying(
    book: CaseStore,
    wanted: NotifyDocument,
    clock: Callable[[], int],
    escalations: Callable[[Case], Sequence[Escalation]] = no_chain,
) -> AsyncIterator[NotificationService]:
    notifier = Notifier(book, wanted, TIMES, escalations, clock, poll_s=0.02)
    stop = asyncio.Event()
    task = asyncio.create_task(notifier.run(stop))
    try:
        yield NotificationService(book)
    finally:
        stop.set()
        await task


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


def titles(receiver: Receiver) -> list[str]:
    return [message["title"]["en"] for got in receiver.got for message in got.json["messages"]]


@pytest.fixture
def desk(book: CaseStore) -> Desk:
    """A desk on each database."""
    hire(book)
    return Desk(book)


@pytest.fixture
def sqlite_desk(tmp_path: Path) -> Desk:
    """A desk for what no database does otherwise."""
    book = CaseStore(SharedDatabase(open_engine(f"sqlite:///{tmp_path / 'cases.db'}")), TIMES)
    hire(book)
    return Desk(book)


async def test_a_feeder_fault_with_forty_lamps_is_one_message(desk: Desk) -> None:
    lamps = [lamp_out(f"F1/{n}", n, hold_ms=120_000) for n in range(1, 41)]
    with receiving() as receiver:
        async with notifying(desk.book, document(WEBHOOK.format(url=receiver.url)), Clock()) as mailroom:
            desk.tell(*lamps[:25])
            desk.wait(60_000)
            desk.tell(*lamps[25:], feeder_fault(500))
            desk.tell(*(later(lamp, absorbed_by="feeder-fault") for lamp in lamps))
            desk.wait(120_000)
            (case,) = desk.cases()
            assert len(case.events) == 41
            desk.book.act(case.case_id, Act("urge", DISPATCHER, NOON_MS + 180_000))
            await until(lambda: len(titles(receiver)) >= 2 and not mailroom.counts()[MessageStatus.WAITING])
    assert titles(receiver) == [f"{case.number} For lighting: Lamp out", f"{case.number} Urged: Lamp out"]


async def test_what_is_absorbed_after_it_was_told_sends_nothing_more(sqlite_desk: Desk) -> None:
    with receiving() as receiver:
        async with notifying(sqlite_desk.book, document(WEBHOOK.format(url=receiver.url)), Clock()) as mailroom:
            sqlite_desk.tell(lamp_out("F1/1", 1))
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 1)
            sqlite_desk.tell(feeder_fault(500))
            sqlite_desk.tell(later(lamp_out("F1/1", 1), absorbed_by="feeder-fault"))
            group = next(case for case in sqlite_desk.cases() if case.problem == "feeder-fault")
            sqlite_desk.book.act(group.case_id, Act("urge", DISPATCHER, NOON_MS))
            await until(lambda: len(titles(receiver)) >= 3 and not mailroom.counts()[MessageStatus.WAITING])
    assert [title.partition(" ")[2] for title in titles(receiver)] == [
        "For lighting: Lamp out",
        "For lighting: Lamp out",
        "Urged: Lamp out",
    ]


async def test_a_case_that_is_merged_before_its_message_goes_out_is_not_told_of(sqlite_desk: Desk) -> None:
    with receiving() as receiver:
        waiting = document(WEBHOOK.format(url=receiver.url).replace("group_for: 0s", "group_for: 1h"))
        async with notifying(sqlite_desk.book, waiting, Clock()) as mailroom:
            sqlite_desk.tell(lamp_out("F1/1", 1), feeder_fault(500))
            await until(lambda: mailroom.counts()[MessageStatus.WAITING] == 2)
            sqlite_desk.tell(later(lamp_out("F1/1", 1), absorbed_by="feeder-fault"))
            await until(lambda: mailroom.counts()[MessageStatus.WITHDRAWN] == 1)
            assert mailroom.counts()[MessageStatus.WAITING] == 1
    assert receiver.got == []


def night_shift(url: str, more: str = "") -> NotifyDocument:
    return document(WEBHOOK.format(url=url) + more)


async def test_what_failed_goes_again_under_the_same_id_and_what_came_meanwhile_is_one_digest(
    sqlite_desk: Desk,
) -> None:
    clock = Clock()
    with receiving(lambda got: (503, {}, b"")) as receiver:
        async with notifying(sqlite_desk.book, night_shift(receiver.url), clock) as mailroom:
            sqlite_desk.tell(lamp_out("L1", 1))
            await until(lambda: bool(mailroom.posted() and mailroom.posted()[0].reason))
            (waiting,) = mailroom.posted(standing=MessageStatus.WAITING)
            assert (waiting.tries, waiting.reason) == (1, "answered 503")
            assert waiting.next_try_at_ms is not None
            assert 2_500 <= waiting.next_try_at_ms - NOON_MS <= 5_000
            sqlite_desk.tell(lamp_out("L2", 2), lamp_out("L9", 3))
            await until(lambda: mailroom.counts()[MessageStatus.WAITING] == 3)
            receiver.answer = lambda got: (200, {}, b"")
            clock.now_ms += 5_001
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 3)
    first, again, rest = receiver.got
    assert first.body == again.body
    assert [len(got.json["messages"]) for got in receiver.got] == [1, 1, 2]
    assert rest.json["delivery_id"] != again.json["delivery_id"]


async def test_after_so_many_tries_a_message_is_a_dead_letter_until_somebody_retries_it(desk: Desk) -> None:
    clock = Clock()
    with receiving(lambda got: (500, {}, b"")) as receiver:
        async with notifying(desk.book, night_shift(receiver.url, "give_up: {tries: 3}\n"), clock) as mailroom:
            desk.tell(lamp_out("L1", 1))
            for tries in (1, 2, 3):
                await until(lambda tries=tries: len(receiver.got) == tries and bool(mailroom.posted()[0].reason))  # type: ignore[misc]
                await until(lambda tries=tries: mailroom.posted()[0].next_try_at_ms != clock.now_ms + 120_000)  # type: ignore[misc]
                clock.now_ms += 60_000
            await until(lambda: mailroom.counts()[MessageStatus.DEAD] == 1)
            (dead,) = mailroom.posted(standing=MessageStatus.DEAD)
            assert dead.reason == "given up after 3 tries: answered 500"
            receiver.answer = lambda got: (200, {}, b"")
            assert mailroom.retry([dead.message_id], "ada", clock.now_ms) == 1
            assert mailroom.retry([dead.message_id], "ada", clock.now_ms) == 0
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 1)
    assert {got.json["messages"][0]["message_id"] for got in receiver.got} == {str(dead.message_id)}


async def test_what_is_refused_for_good_is_dead_at_once_and_holds_up_nobody(sqlite_desk: Desk) -> None:
    with receiving(lambda got: (400 if b"000001" in got.body else 200, {}, b"")) as receiver:
        async with notifying(sqlite_desk.book, night_shift(receiver.url), Clock()) as mailroom:
            sqlite_desk.tell(lamp_out("L1", 1))
            await until(lambda: mailroom.counts()[MessageStatus.DEAD] == 1)
            sqlite_desk.tell(lamp_out("L2", 2))
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 1)


async def test_at_night_only_what_is_critical_goes_out_and_the_morning_brings_one_digest(sqlite_desk: Desk) -> None:
    clock = Clock()
    clock.now_ms = parse_instant_ms("2026-06-01T23:30:00+08:00")
    sqlite_desk.now_ms = clock.now_ms
    with receiving() as receiver:
        async with notifying(
            sqlite_desk.book, night_shift(receiver.url, f"quiet_hours: daily 22:00-07:00\n{ONLY_DISPATCHED}"), clock
        ) as mailroom:
            sqlite_desk.tell(lamp_out("L1", 1), lamp_out("L2", 2), lamp_out("L9", 3, severity=Severity.CRITICAL))
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 1)
            assert mailroom.counts()[MessageStatus.WAITING] == 2
            clock.now_ms = parse_instant_ms("2026-06-02T07:00:00+08:00")
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 3)
    assert [[one["severity"] for one in got.json["messages"]] for got in receiver.got] == [["critical"], ["major"] * 2]


async def test_an_escalation_survives_a_restart_and_ends_when_somebody_takes_the_case(desk: Desk) -> None:
    def chain(case: Case) -> Sequence[Escalation]:
        steps = [Escalation(Term(unit=TermUnit.HOUR, amount=hours), (Role.DISPATCHER,), ()) for hours in (0.5, 1, 2)]
        return steps if case.state is State.DISPATCHED else ()

    clock = Clock()
    with receiving() as receiver:
        wanted = night_shift(receiver.url)
        async with notifying(desk.book, wanted, clock, chain) as mailroom:
            desk.tell(lamp_out("L1", 1))
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 1)
            clock.now_ms += 35 * 60_000
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 2)
        clock.now_ms += 35 * 60_000
        async with notifying(desk.book, wanted, clock, chain) as mailroom:
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 3)
            desk.book.act(desk.only_case().case_id, Act("take", LIGHTING, clock.now_ms))
            clock.now_ms += 80 * 60_000
            desk.book.act(desk.only_case().case_id, Act("urge", DISPATCHER, clock.now_ms))
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 4)
    occasions = [one["occasion"] for got in receiver.got for one in got.json["messages"]]
    assert occasions == ["dispatched", "escalated", "escalated", "urged"]


async def test_people_get_their_mail_but_not_of_what_they_did_nor_what_they_do_not_want(sqlite_desk: Desk) -> None:
    with mail_server() as (box, port):
        wanted = document(f"""
            channels: {{mail: {{type: email, host: 127.0.0.1, port: {port}, security: none, from: desk@city.example}}}}
            by: mail
            group_for: 0s
        """)
        sqlite_desk.policy.assignment = None
        async with notifying(sqlite_desk.book, wanted, Clock()) as mailroom:
            mailroom.prefer("lena", Preference(channels=()), "lena", NOON_MS)
            sqlite_desk.tell(lamp_out("L1", 1))
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 1)
            act = Act("dispatch", DISPATCHER, NOON_MS, department="lighting", term=FOUR_HOURS)
            sqlite_desk.book.act(sqlite_desk.only_case().case_id, act)
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 2)
            sqlite_desk.book.act(sqlite_desk.only_case().case_id, Act("return", LIGHTING, NOON_MS, note="not ours"))
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 3)
    assert [mail["To"] for mail in box.mails] == ["dima@city.example", "lars@city.example", "dima@city.example"]


async def test_two_notifiers_on_one_database_tell_nothing_twice(desk: Desk) -> None:
    with receiving() as receiver:
        wanted = night_shift(receiver.url)
        async with notifying(desk.book, wanted, Clock()) as mailroom, notifying(desk.book, wanted, Clock()):
            for number in range(1, 13):
                desk.tell(lamp_out(f"L{number}", number))
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 12)
    ids = [one["message_id"] for got in receiver.got for one in got.json["messages"]]
    assert len(ids) == len(set(ids)) == 12


async def test_a_notifier_that_is_turned_on_late_tells_nothing_of_what_is_long_over(sqlite_desk: Desk) -> None:
    clock = Clock()
    sqlite_desk.tell(lamp_out("L1", 1))
    clock.now_ms += 30 * 3_600_000
    sqlite_desk.now_ms = clock.now_ms
    sqlite_desk.tell(lamp_out("L2", 2))
    with receiving() as receiver:
        async with notifying(sqlite_desk.book, night_shift(receiver.url, ONLY_DISPATCHED), clock) as mailroom:
            await until(lambda: mailroom.counts()[MessageStatus.SENT] == 1)
            await until(lambda: not mailroom.counts()[MessageStatus.WAITING])
    assert [one["number"] for got in receiver.got for one in got.json["messages"]] == ["2026-000002"]
