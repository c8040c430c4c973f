"""Logging in and out: who gets in, who does not, and how long."""

from typing import Literal

import pytest
from argon2 import PasswordHasher

from accounts import (
    AuditEntry,
    Authenticator,
    Bearer,
    LoginSessions,
    Scope,
    Session,
    TokenService,
    UserChange,
    UserService,
    read_audit,
)
from accounts.audit.failures import MOST_KINDS, WINDOW_MS
from accounts.credentials.known_devices import LONGEST_MS
from accounts.credentials.passwords import Passwords, check_password
from accounts.sessions.service import MOST_SESSIONS
from accounts.storage.tables import sessions, users
from accounts.users.refusals import BadPeople, LoginRefused
from tests.accounts.conftest import PASSWORD, QUICK, TERMS, counted_random
from urbansense.wiring.shared_database import SharedDatabase


def test_the_right_password_makes_a_session_that_stands_for_its_user(
    logins: LoginSessions, authenticator: Authenticator
) -> None:
    session = logins.log_in("olga", PASSWORD, 1000)
    caller = authenticator.caller_of(Session(session.secret), 1001)
    assert caller is not None
    assert caller.actor.name == "olga"
    assert caller.actor.departments == {"lighting"}
    assert caller.scopes is None


def test_neither_secret_nor_password_is_kept(logins: LoginSessions, case_database: SharedDatabase) -> None:
    session = logins.log_in("olga", PASSWORD, 1000)
    with case_database.reading() as connection:
        everything = str(connection.execute(sessions.select()).all()) + str(connection.execute(users.select()).all())
    assert session.secret not in everything
    assert PASSWORD not in everything
    assert "$argon2id$" in everything


@pytest.mark.parametrize(
    ("username", "password"),
    [("olga", PASSWORD + "x"), ("olga", ""), ("nobody", PASSWORD), ("", ""), ("olga", "x" * 5000)],
)
def test_whatever_is_wrong_the_answer_is_the_same(logins: LoginSessions, username: str, password: str) -> None:
    with pytest.raises(LoginRefused) as caught:
        logins.log_in(username, password, 1000)
    assert str(caught.value) == str(LoginRefused())


def test_an_unknown_user_costs_a_hash_too(case_database: SharedDatabase, logins: LoginSessions) -> None:
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            checked.append(str(password))
            return super().verify(hash, password)

    random = counted_random()
    counting = LoginSessions(case_database, random, Passwords(random, Counting(1, 8, 1)), TERMS)
    for username in ("nobody", "olga"):
        with pytest.raises(LoginRefused):
            counting.log_in(username, "wrong password", 1000)
    assert checked == ["wrong password"] * 2


def test_who_has_no_password_cannot_log_in_with_the_one_of_nobody(
    case_database: SharedDatabase, people: UserService
) -> None:
    class AllZero:
        def __call__(self, n: int) -> bytes:
            return bytes(n)

    logins = LoginSessions(case_database, counted_random(), Passwords(AllZero(), QUICK), TERMS)
    with pytest.raises(LoginRefused):
        logins.log_in("olga", bytes(16).hex(), 1000)


def test_failures_shut_nobody_out(logins: LoginSessions) -> None:
    for n in range(50):
        _fail(logins, 1000 + n)
    assert logins.log_in("olga", PASSWORD, 2000)


def test_equal_failures_are_one_row_and_later_one_with_their_count(logins: LoginSessions, people: UserService) -> None:
    for n in range(1000):
        logins.failures.note("user/olga", "wrong password", 1000 + n)
        if n % 100 == 0:
            logins.failures.write(1000 + n)
    assert [one.details for one in _failures(people)] == [{"why": "wrong password"}]
    logins.failures.write(1000 + WINDOW_MS)
    assert _failures(people)[0].details == {"why": "wrong password", "count": 999, "from_ms": 1000, "to_ms": 1999}
    logins.failures.write(2000 + WINDOW_MS, everything=True)
    assert len(_failures(people)) == 2
    assert logins.failures.totals == {"wrong password": 1000}


def test_failures_of_many_names_are_few_rows(logins: LoginSessions, people: UserService) -> None:
    for n in range(5000):
        logins.failures.note(f"user/n{n}", "wrong password", 1000)
    logins.failures.write(1001)
    counted = _failures(people)
    assert len(counted) == MOST_KINDS + 1
    assert sum(one.details.get("count", 1) for one in counted) == 5000


def test_the_count_of_the_last_hour_is_written_where_the_process_ends(
    logins: LoginSessions, people: UserService
) -> None:
    for _ in range(2):
        _fail(logins, 1000)
        logins.failures.write(1000)
    assert len(_failures(people)) == 1
    logins.failures.write(1001, everything=True)
    assert len(_failures(people)) == 2


def test_a_new_password_ends_the_tokens_unless_they_are_kept_on_purpose(
    logins: LoginSessions, tokens: TokenService, authenticator: Authenticator
) -> None:
    def made() -> Bearer:
        return Bearer(tokens.create("olga", "tablet", frozenset({Scope.READ}), by="olga", at_ms=4).secret)

    kept = made()
    logins.set_password("olga", "another fine one", by="ada", at_ms=5, keep_tokens=True)
    assert authenticator.caller_of(kept, 6) is not None
    logins.set_password("olga", PASSWORD, by="ada", at_ms=7)
    assert authenticator.caller_of(kept, 8) is None
    own = made()
    logins.change_own_password("olga", PASSWORD, "another fine one", 9, keep_tokens=True)
    assert authenticator.caller_of(own, 10) is not None
    logins.change_own_password("olga", "another fine one", PASSWORD, 11)
    assert authenticator.caller_of(own, 12) is None


def test_a_browser_is_known_after_a_login_until_the_password_changes(logins: LoginSessions) -> None:
    mark = logins.log_in("olga", PASSWORD, 1000).device_mark
    assert mark is not None
    assert logins.known_device("olga", ["x", mark], 2000) == mark
    assert logins.known_device("nobody", [mark], 2000) is None
    assert logins.known_device("olga", [mark[:-1] + ("0" if mark[-1] != "0" else "1")], 2000) is None
    assert logins.known_device("olga", [mark], 1000 + LONGEST_MS) is None
    logins.set_password("olga", "another fine one", by="ada", at_ms=3000)
    assert logins.known_device("olga", [mark], 4000) is None


def test_a_session_ends_when_idle_and_at_the_latest_however_busy(
    logins: LoginSessions, authenticator: Authenticator
) -> None:
    secret = Session(logins.log_in("olga", PASSWORD, 0).secret)
    assert authenticator.caller_of(secret, TERMS.idle_ms - 1) is not None
    assert authenticator.caller_of(secret, TERMS.idle_ms) is None
    for at_ms in range(900_000, TERMS.longest_ms, 900_000):
        caller = authenticator.caller_of(secret, at_ms)
        assert caller is not None
        authenticator.note_use(caller, at_ms)
    assert authenticator.caller_of(secret, TERMS.longest_ms - 1) is not None
    assert authenticator.caller_of(secret, TERMS.longest_ms) is None


def test_a_user_has_so_many_sessions_and_the_oldest_end(logins: LoginSessions, authenticator: Authenticator) -> None:
    secrets = [Session(logins.log_in("olga", PASSWORD, n).secret) for n in range(MOST_SESSIONS + 5)]
    held = [authenticator.caller_of(secret, 100) is not None for secret in secrets]
    assert held == [False] * 5 + [True] * MOST_SESSIONS


def test_a_logout_ends_one_session_and_everywhere_ends_all(logins: LoginSessions, authenticator: Authenticator) -> None:
    first, second, third = (logins.log_in("olga", PASSWORD, n).secret for n in range(3))
    logins.log_out(first, 10)
    assert authenticator.caller_of(Session(first), 11) is None
    assert authenticator.caller_of(Session(second), 11) is not None
    assert logins.log_out_everywhere("olga", by="olga", at_ms=12) == 2
    assert authenticator.caller_of(Session(second), 13) is None
    assert authenticator.caller_of(Session(third), 13) is None


def test_who_is_disabled_is_out_at_once_and_stays_out(
    logins: LoginSessions, authenticator: Authenticator, people: UserService
) -> None:
    secret = logins.log_in("olga", PASSWORD, 0).secret
    people.change_user("olga", UserChange(active=False), by="ada", at_ms=1)
    assert authenticator.caller_of(Session(secret), 2) is None
    with pytest.raises(LoginRefused):
        logins.log_in("olga", PASSWORD, 3)
    people.change_user("olga", UserChange(active=True), by="ada", at_ms=4)
    assert authenticator.caller_of(Session(secret), 5) is None
    assert logins.log_in("olga", PASSWORD, 6)


def test_a_changed_password_ends_the_sessions_and_the_old_one_is_of_no_use(
    logins: LoginSessions, authenticator: Authenticator
) -> None:
    secret = logins.log_in("olga", PASSWORD, 0).secret
    logins.change_own_password("olga", PASSWORD, "another fine one", 1)
    assert authenticator.caller_of(Session(secret), 2) is None
    with pytest.raises(LoginRefused):
        logins.log_in("olga", PASSWORD, 3)
    assert logins.log_in("olga", "another fine one", 4)


def test_changing_the_password_needs_the_present_one(logins: LoginSessions) -> None:
    with pytest.raises(LoginRefused):
        logins.change_own_password("olga", "not the one", "another fine one", 1)
    assert logins.log_in("olga", PASSWORD, 2)


def test_roles_changed_during_a_session_count_at_once(
    logins: LoginSessions, authenticator: Authenticator, people: UserService
) -> None:
    secret = logins.log_in("olga", PASSWORD, 0).secret
    people.change_user("olga", UserChange(roles=frozenset()), by="ada", at_ms=1)
    caller = authenticator.caller_of(Session(secret), 2)
    assert caller is not None
    assert caller.actor.roles == frozenset()


def test_a_login_hashes_anew_what_was_hashed_with_less(case_database: SharedDatabase, logins: LoginSessions) -> None:
    def kept() -> str:
        with case_database.reading() as connection:
            found: str = connection.execute(users.select()).one().password_hash
        return found

    assert "t=1" in kept()
    random = counted_random()
    stronger = LoginSessions(case_database, random, Passwords(random, PasswordHasher(2, 16, 1)), TERMS)
    stronger.log_in("olga", PASSWORD, 1)
    assert "t=2" in kept()
    assert stronger.log_in("olga", PASSWORD, 2)


@pytest.mark.parametrize("text", ["", "x", "a" * 43, "us_0123456789abcdef_" + "a" * 43, "é" * 43])
def test_no_other_text_is_a_session(logins: LoginSessions, authenticator: Authenticator, text: str) -> None:
    logins.log_in("olga", PASSWORD, 0)
    assert authenticator.caller_of(Session(text), 1) is None


@pytest.mark.parametrize(
    "password", ["short", "x" * 1001, "Password123", "olga-olga-olga"[:10], "aaaaaaaaaaaaaaaa", "1212121212121"]
)
def test_a_bad_password_is_refused(password: str) -> None:
    with pytest.raises(BadPeople):
        check_password("olga-olga", password)


@pytest.mark.parametrize("password", ["correct horse battery", "照明部门的密码很长很长吧", "olga-olga has a long one"])
def test_a_good_password_is_taken(password: str) -> None:
    check_password("olga-olga", password)


def test_the_audit_log_tells_of_logins_and_never_of_passwords(logins: LoginSessions, people: UserService) -> None:
    _fail(logins, 5, "hunter2hunter2")
    with pytest.raises(LoginRefused):
        logins.log_in("hunter2hunter2", "", 6)  # a password typed into the wrong field
    logins.failures.write(6)
    secret = logins.log_in("olga", PASSWORD, 7).secret
    logins.log_out(secret, 8)
    with people.database.reading() as connection:
        log = read_audit(connection, limit=5)
    assert [(one.actor, one.action) for one in log] == [
        ("olga", "logout"),
        ("olga", "login"),
        ("nobody", "login-failed"),
        ("nobody", "login-failed"),
        ("setup", "password-changed"),
    ]
    assert "hunter2" not in str(log)
    assert secret not in str(log)


def _failures(people: UserService) -> list[AuditEntry]:
    with people.database.reading() as connection:
        return read_audit(connection, action="login-failed", limit=1000)


def _fail(logins: LoginSessions, at_ms: int, password: str = "not the one") -> None:
    with pytest.raises(LoginRefused):
        logins.log_in("olga", password, at_ms)
