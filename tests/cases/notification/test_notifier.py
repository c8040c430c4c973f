"""From events to what the crews get: one trouble, one message, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from cases.notification import Mailroom, Notifier, NotifyDocument, Standing
from cases.policy import Escalation
from cases.storage import CaseBook
from cases.workflow import Act, Case, Role, Term, TermUnit
from domain.events import Event, Severity
from tests.cases.intake.test_intake import Desk, cleared, feeder_fault, lamp_out, later
from tests.cases.notification.office import TIMES, document, hire
from tests.cases.notification.receivers import Receiver, receiving
from tests.cases.workflow.acting import DISPATCHER, LIGHTING, NOON_MS

WEBHOOK = """
channels:
  crew: {{type: webhook, url: '{url}', secret: '${{ERP_SECRET}}', allow: [127.0.0.0/8]}}
by: crew
group_for: 0s
"""


class Clock:
    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


def no_chain(case: Case) -> Sequence[Escalation]:
    return ()


@asynccontextmanager
async def notifying(
    book: CaseBook,
    wanted: NotifyDocument,
    clock: Callable[[], int],
    escalations: Callable[[Case], Sequence[Escalation]] = no_chain,
) -> AsyncIterator[Mailroom]:
    notifier = Notifier(book, wanted, TIMES, escalations, clock, poll_s=0.02)
    stop = asyncio.Event()
    task = asyncio.create_task(notifier.run(stop))
    try:
        yield Mailroom(book)
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
def desk(book: CaseBook) -> Desk:
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
            await until(lambda: len(titles(receiver)) >= 2 and not mailroom.counts()[Standing.WAITING])
    assert titles(receiver) == [f"{case.number} For lighting: Lamp out", f"{case.number} Urged: Lamp out"]


async def test_what_is_absorbed_after_it_was_told_sends_nothing_more(desk: Desk) -> None:
    with receiving() as receiver:
        async with notifying(desk.book, document(WEBHOOK.format(url=receiver.url)), Clock()) as mailroom:
            desk.tell(lamp_out("F1/1", 1))
            await until(lambda: mailroom.counts()[Standing.SENT] == 1)
            desk.tell(feeder_fault(500))
            desk.tell(later(lamp_out("F1/1", 1), absorbed_by="feeder-fault"))
            group = next(case for case in desk.cases() if case.problem == "feeder-fault")
            desk.book.act(group.case_id, Act("urge", DISPATCHER, NOON_MS))
            await until(lambda: len(titles(receiver)) >= 3 and not mailroom.counts()[Standing.WAITING])
    assert [title.partition(" ")[2] for title in titles(receiver)] == [
        "For lighting: Lamp out",
        "For lighting: Lamp out",
        "Urged: Lamp out",
    ]


async def test_a_case_that_is_merged_before_its_message_goes_out_is_not_told_of(desk: Desk) -> None:
    with receiving() as receiver:
        waiting = document(WEBHOOK.format(url=receiver.url).replace("group_for: 0s", "group_for: 1h"))
        async with notifying(desk.book, waiting, Clock()) as mailroom:
            desk.tell(lamp_out("F1/1", 1), feeder_fault(500))
            await until(lambda: mailroom.counts()[Standing.WAITING] == 2)
            desk.tell(later(lamp_out("F1/1", 1), absorbed_by="feeder-fault"))
            await until(lambda: mailroom.counts()[Standing.WITHDRAWN] == 1)
            assert mailroom.counts()[Standing.WAITING] == 1
    assert receiver.got == []
