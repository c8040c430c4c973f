"""People on each database, with quick hashes and secrets that can be foreseen."""

from collections.abc import Callable
from hashlib import sha256
from itertools import count

import pytest
from argon2 import PasswordHasher

from cases.people import Department, Doorkeeper, Logins, NewUser, PeopleBook, SessionTerms, TokenBook
from cases.people.passwords import Passwords
from cases.workflow import Role
from domain.events import Text
from urbansense.case_database import CaseDatabase

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
TERMS = SessionTerms(idle_ms=1_000_000, longest_ms=3_000_000)
PASSWORD = "correct horse battery"


def counted_random() -> Callable[[int], bytes]:
    """Bytes that never repeat, the same in each run."""
    numbers = count()
    return lambda n: sha256(str(next(numbers)).encode()).digest()[:n]


@pytest.fixture
def people(case_database: CaseDatabase) -> PeopleBook:
    book = PeopleBook(case_database)
    book.put_department(Department(name="lighting", title=Text(en="Lighting", zh="照明")), by="setup", at_ms=1)
    book.add_user(
        NewUser(
            username="olga",
            roles=frozenset({Role.DEPARTMENT}),
            departments=frozenset({"lighting"}),
            areas=("320582/110",),
            email="olga@city.example",
            phone="+86 512 5555",
        ),
        by="setup",
        at_ms=2,
    )
    return book


@pytest.fixture
def logins(case_database: CaseDatabase, people: PeopleBook) -> Logins:
    random = counted_random()
    made = Logins(case_database, random, Passwords(random, QUICK), TERMS)
    made.set_password("olga", PASSWORD, by="setup", at_ms=3)
    return made


@pytest.fixture
def tokens(case_database: CaseDatabase, people: PeopleBook) -> TokenBook:
    return TokenBook(case_database, counted_random())


@pytest.fixture
def door(case_database: CaseDatabase) -> Doorkeeper:
    return Doorkeeper(case_database, TERMS)
