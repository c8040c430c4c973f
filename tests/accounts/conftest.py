"""People on each database, with quick hashes and secrets that can be foreseen."""

from collections.abc import Callable
from hashlib import sha256
from itertools import count

import pytest
from argon2 import PasswordHasher

from accounts import (
    Authenticator,
    Department,
    LoginSessions,
    NewUser,
    SessionTerms,
    TokenService,
    UserService,
)
from accounts.credentials.passwords import Passwords
from accounts.storage.migrations.upgrading import upgrade
from domain.actors import Role
from domain.events import Text
from urbansense.wiring.shared_database import SharedDatabase

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
TERMS = SessionTerms(idle_ms=1_000_000, longest_ms=3_000_000)
PASSWORD = "correct horse battery"


def counted_random() -> Callable[[int], bytes]:
    """Bytes that never repeat, the same in each run."""
    numbers = count()
    return lambda n: sha256(str(next(numbers)).encode()).digest()[:n]


@pytest.fixture
def database(case_database: SharedDatabase) -> SharedDatabase:
    """With the tables of the accounts, still empty."""
    upgrade(case_database)
    return case_database


@pytest.fixture
def people(database: SharedDatabase) -> UserService:
    book = UserService(database)
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
def logins(database: SharedDatabase, people: UserService) -> LoginSessions:
    random = counted_random()
    made = LoginSessions(database, random, Passwords(random, QUICK), TERMS)
    made.set_password("olga", PASSWORD, by="setup", at_ms=3)
    return made


@pytest.fixture
def tokens(database: SharedDatabase, people: UserService) -> TokenService:
    return TokenService(database, counted_random())


@pytest.fixture
def authenticator(database: SharedDatabase) -> Authenticator:
    return Authenticator(database, TERMS)
