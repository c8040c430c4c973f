"""Many people on the same cases at once, from threads and from processes: one wins, the others are told, nobody waits for
ever, and the book is whole.
"""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Barrier
from typing import Any

import pytest

from cases.storage import CaseQuery, CaseStore, Conflict
from cases.workflow.case import Case
from cases.workflow.performing import Act
from cases.workflow.refusals import Illegal
from cases.workflow.states import State
from device_registry.storage.database import open_engine
from tests.cases.playing import Person
from tests.cases.soundness import assert_sound
from tests.cases.storage.test_store import a_report, led_to
from tests.cases.workflow.acting import DISPATCHER, DRAINAGE, NOON_MS, OPERATOR, TIMES
from urbansense.wiring.shared_database import SharedDatabase

SEED = int(os.environ.get("URBANSENSE_TEST_SEED", "20261122"))
_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["tests.cases.storage.test_acting_at_once"])


class GivenUp(Exception):
    """Somebody thought better of it in the middle of a transaction."""


def open_book(url: str) -> CaseStore:
    return CaseStore(SharedDatabase(open_engine(url)), TIMES)


def work(url: str, seed: int, seconds: float, threads: int) -> list[tuple[int, int, list[tuple[Any, int, str]]]]:
    """People, one a thread, who act on any open case until their time is up: their conflicts, refusals and acts."""
    book = open_book(url)
    until = time.monotonic() + seconds

    def one(number: int) -> tuple[int, int, list[tuple[Any, int, str]]]:
        random = Random(f"{seed}/{number}")
        person = Person(f"p{seed}-{number}", random)
        while time.monotonic() < until:
            seen = book.find(CaseQuery(limit=200)).items
            for case in random.sample(seen, min(5, len(seen))):
                person.act(book, case, NOON_MS, list(seen), frozenset())
        return len(person.beaten), person.refused, person.done

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


@pytest.mark.parametrize(
    ("seconds", "reports"),
    [(1.5, 12), pytest.param(30, 200, marks=[pytest.mark.long, pytest.mark.timeout(150)])],
)
def test_eight_people_in_two_processes_leave_a_sound_book(database_url: str, seconds: float, reports: int) -> None:
    """An open case is reported again for each that ends, so that there is always something to do."""
    book = open_book(database_url)
    for number in range(reports):
        book.report(a_report(trusted=number % 2 == 0), OPERATOR, NOON_MS)
    with ProcessPoolExecutor(2, mp_context=_FORKSERVER) as pool:
        working = [pool.submit(work, database_url, seed, seconds, 4) for seed in (SEED, SEED + 1)]
        told = [person for one in working for person in one.result(timeout=seconds + 60)]
    found = assert_sound(book, TIMES)
    assert len(found) == reports
    conflicts, refusals = sum(one[0] for one in told), sum(one[1] for one in told)
    done = [act for *_, acts in told for act in acts]
    kept = {(case.case_id, e.revision, e.transition) for case in found for e in book.history(case.case_id)}
    assert set(done) <= kept
    assert len(set(done)) == len(done) == sum(case.revision - 1 for case in found) - carried(book, found)
    assert conflicts > 0
    print(f"{len(done)} acts done, {conflicts} people told that another was first, {refusals} refused")


def carried(book: CaseStore, found: list[Case]) -> int:
    """Steps that nobody asked for: done by urbansense itself."""
    return sum(entry.actor == "urbansense" for case in found for entry in book.history(case.case_id))


def test_of_two_who_act_at_once_one_wins_and_the_other_is_told_who_did_what(database_url: str) -> None:
    book, other = open_book(database_url), open_book(database_url)
    for _ in range(10):
        case = led_to(book, State.DISPATCHED)
        at_once = Barrier(2)

        def act(where: CaseStore, act: Act, case: Case = case, at_once: Barrier = at_once) -> Case | Conflict:
            at_once.wait(10)
            try:
                return where.act(case.case_id, act, case.revision)
            except Conflict as conflict:
                return conflict

        with ThreadPoolExecutor(2) as pool:
            taken = pool.submit(act, book, Act("take", DRAINAGE, NOON_MS))
            urged = pool.submit(act, other, Act("urge", DISPATCHER, NOON_MS))
            answers = {"take": taken.result(60), "urge": urged.result(60)}
        (lost,) = [one for one in answers.values() if isinstance(one, Conflict)]
        (won,) = [name for name, one in answers.items() if isinstance(one, Case)]
        assert lost.case == answers[won] == book.get(case.case_id)
        assert [(entry.transition, entry.actor) for entry in lost.meanwhile] == [
            (won, {"take": "dora", "urge": "dima"}[won])
        ]
        assert f"{won} by" in str(lost)
    assert_sound(book, TIMES)


def test_two_who_merge_into_one_another_at_once_make_no_circle(database_url: str) -> None:
    book = open_book(database_url)
    for _ in range(5):
        one, two = (book.report(a_report(), OPERATOR, NOON_MS).case for _ in range(2))
        at_once = Barrier(2)

        def merge(case: Case, into: Case, at_once: Barrier = at_once) -> Case | Exception:
            at_once.wait(10)
            try:
                return book.act(case.case_id, Act("merge", OPERATOR, NOON_MS, into=into.case_id))
            except Exception as error:  # what it is, is asked below
                return error

        with ThreadPoolExecutor(2) as pool:
            answers = [future.result(60) for future in (pool.submit(merge, one, two), pool.submit(merge, two, one))]
        assert {type(answer) for answer in answers} == {Case, Illegal}
    assert_sound(book, TIMES)


def test_whoever_reads_while_others_write_sees_no_half_of_a_transaction(database_url: str) -> None:
    book = open_book(database_url)
    case = book.report(a_report(), OPERATOR, NOON_MS).case
    with book.transaction() as transaction:
        transaction.act(case.case_id, Act("accept", OPERATOR, NOON_MS))
        transaction.act(case.case_id, Act("send_to_verify", OPERATOR, NOON_MS))
        assert book.get(case.case_id) == case
        assert len(book.history(case.case_id)) == 1
        assert len(book.pending(10)) == 1
    assert len(book.history(case.case_id)) == 3


def test_many_reports_at_once_are_numbered_without_gaps_also_where_some_are_given_up(database_url: str) -> None:
    book = open_book(database_url)

    def report(number: int) -> None:
        if number % 3:
            book.report(a_report(), OPERATOR, NOON_MS)
            return
        with suppress(GivenUp), book.transaction() as transaction:
            transaction.report(a_report(), OPERATOR, NOON_MS)
            raise GivenUp

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(report, range(60)))
    assert len(assert_sound(book, TIMES)) == 40
