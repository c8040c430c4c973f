"""Users and departments: what a change does, what it is refused for, and what the audit log says of it."""

from typing import Any

import pytest
from pydantic import ValidationError

from accounts import (
    AuditEntry,
    Authenticator,
    Bearer,
    Department,
    LoginSessions,
    NewUser,
    Scope,
    TokenService,
    UserChange,
    UserService,
    read_audit,
    verify_audit,
)
from accounts.users.refusals import BadPeople, InTheWay, NameTaken, StaleVersion, UnknownPerson
from domain.actors import Role
from domain.events import Text


def test_a_user_is_who_was_added(people: UserService) -> None:
    olga = people.user("olga")
    assert olga is not None
    assert olga.actor.roles == {Role.DEPARTMENT}
    assert (olga.actor.name, olga.actor.areas) == ("olga", ("320582/110",))
    assert olga.actor.departments == {"lighting"}
    assert (olga.active, olga.has_password, olga.version, olga.created_at_ms) == (True, False, 1, 2)
    assert people.user("nobody") is None


def test_a_username_is_given_once(people: UserService) -> None:
    with pytest.raises(NameTaken):
        people.add_user(NewUser(username="olga"), by="x", at_ms=9)


def test_a_department_that_is_not_known_is_refused(people: UserService) -> None:
    with pytest.raises(BadPeople, match="departments: there is no department drains; an administrator adds one first"):
        people.add_user(NewUser(username="dima", departments=frozenset({"drains"})), by="x", at_ms=9)
    assert people.user("dima") is None
    with pytest.raises(BadPeople):
        people.change_user("olga", UserChange(departments=frozenset({"drains"})), by="x", at_ms=9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "Olga"},
        {"username": "a b"},
        {"username": ""},
        {"username": "x", "roles": ["system"]},
        {"username": "x", "roles": ["king"]},
        {"username": "x", "email": "nowhere"},
        {"username": "x", "areas": ["/320582"]},
        {"username": "x", "password": "x"},
    ],
)
def test_what_cannot_be_a_user_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        NewUser.model_validate(wrong)


def test_a_change_changes_what_it_names_and_counts_the_version(people: UserService) -> None:
    change = UserChange.model_validate({"roles": ["dispatcher", "viewer"], "phone": None})
    after = people.change_user("olga", change, by="ada", at_ms=10, expected_version=1)
    assert after.roles == {Role.DISPATCHER, Role.VIEWER}
    assert (after.phone, after.email, after.version) == (None, "olga@city.example", 2)
    assert people.user("olga") == after


def test_a_change_of_an_older_version_is_refused(people: UserService) -> None:
    people.change_user("olga", UserChange(display_name="Olga"), by="ada", at_ms=10, expected_version=1)
    with pytest.raises(StaleVersion) as caught:
        people.change_user("olga", UserChange(display_name="O"), by="eve", at_ms=11, expected_version=1)
    assert caught.value.version == 2
    olga = people.user("olga")
    assert olga is not None
    assert olga.display_name == "Olga"


def test_the_same_values_again_change_nothing(people: UserService) -> None:
    before = _log(people)
    assert people.change_user("olga", UserChange(email="olga@city.example"), by="ada", at_ms=10).version == 1
    assert not people.put_department(Department(name="lighting", title=Text(en="Lighting", zh="照明")), by="a", at_ms=9)
    assert _log(people) == before


def test_changing_nobody_is_refused(people: UserService) -> None:
    with pytest.raises(UnknownPerson):
        people.change_user("nobody", UserChange(active=False), by="ada", at_ms=10)


ISSUER = "https://login.city.example"
FIRED = [UserChange(active=False), UserChange(roles=frozenset({Role.VIEWER}))]


@pytest.mark.parametrize("change", FIRED)
def test_the_last_administrator_who_can_log_in_stays(
    people: UserService, logins: LoginSessions, change: UserChange
) -> None:
    for name in ("ada", "bob", "cyd"):
        people.add_user(NewUser(username=name, roles=frozenset({Role.ADMINISTRATOR})), by="x", at_ms=5)
    for name in ("ada", "bob"):
        logins.set_password(name, "correct horse battery", by="x", at_ms=5)
    people.change_user("ada", change, by="x", at_ms=6)
    with pytest.raises(InTheWay, match="bob is the last administrator who can log in"):
        people.change_user("bob", change, by="x", at_ms=7)  # cyd has no password
    bob = people.user("bob")
    assert bob is not None
    assert bob.active
    assert Role.ADMINISTRATOR in bob.roles
    people.change_user("cyd", change, by="x", at_ms=8)


@pytest.mark.parametrize("change", [*FIRED, UserChange(oidc_subject=None), UserChange(oidc_subject="https://x 1")])
def test_an_administrator_at_the_provider_counts_where_that_provider_is_asked(
    people: UserService, change: UserChange
) -> None:
    book = UserService(people.database, ISSUER)
    for name, issuer in (("ada", ISSUER), ("bob", "https://former.example")):
        new = NewUser(username=name, roles=frozenset({Role.ADMINISTRATOR}), oidc_subject=f"{issuer} {name}")
        book.add_user(new, by="x", at_ms=5)
    assert (book.has_administrator(), people.has_administrator()) == (True, False)
    with pytest.raises(InTheWay, match="ada is the last administrator who can log in"):
        book.change_user("ada", change, by="x", at_ms=6)


def test_the_tokens_of_who_is_disabled_end_for_good(
    people: UserService, tokens: TokenService, authenticator: Authenticator
) -> None:
    bearer = Bearer(tokens.create("olga", "tablet", frozenset({Scope.READ}), by="olga", at_ms=4).secret)
    for active in (False, True):
        people.change_user("olga", UserChange(active=active), by="ada", at_ms=5)
        assert authenticator.caller_of(bearer, 6) is None


def test_people_are_found_by_role_department_and_area(people: UserService) -> None:
    everywhere = NewUser(username="dima", roles=frozenset({Role.DEPARTMENT}), departments=frozenset({"lighting"}))
    people.add_user(everywhere, by="x", at_ms=3)
    people.add_user(NewUser(username="vera", roles=frozenset({Role.VIEWER})), by="x", at_ms=3)

    def found(**asked: Any) -> list[str]:
        return [one.username for one in people.people_of(**asked)]

    assert found(department="lighting", area="320582/110/152") == ["dima", "olga"]
    assert found(department="lighting", area="320582/111") == ["dima"]
    assert found(role=Role.VIEWER) == ["vera"]
    people.change_user("dima", UserChange(active=False), by="x", at_ms=4)
    assert found(department="lighting", area="320582/110") == ["olga"]


def test_users_come_by_name_in_pages(people: UserService) -> None:
    for name in ("zoe", "ada", "mia"):
        people.add_user(NewUser(username=name), by="x", at_ms=3)
    assert [one.username for one in people.users(limit=2)] == ["ada", "mia"]
    assert [one.username for one in people.users(after="mia")] == ["olga", "zoe"]


def test_each_change_is_in_the_audit_log_without_addresses_and_numbers(people: UserService) -> None:
    change = UserChange(roles=frozenset({Role.OPERATOR}), email="new@city.example", active=False)
    people.change_user("olga", change, by="ada", at_ms=10)
    newest = _log(people)[0]
    assert (newest.actor, newest.action, newest.subject, newest.at_ms) == ("ada", "user-disabled", "user/olga", 10)
    assert newest.details["changed"] == ["active", "email", "roles"]
    assert newest.details["roles"] == {"from": ["department"], "to": ["operator"]}
    assert "city.example" not in str([entry.details for entry in _log(people)])
    assert [entry.action for entry in _log(people)] == ["user-disabled", "user-added", "department-added"]
    with people.database.reading() as connection:
        assert verify_audit(connection).holds


def test_a_refused_change_leaves_no_trace(people: UserService) -> None:
    before = _log(people)
    with pytest.raises(NameTaken):
        people.add_user(NewUser(username="olga"), by="x", at_ms=9)
    assert _log(people) == before


def _log(people: UserService) -> list[AuditEntry]:
    with people.database.reading() as connection:
        return read_audit(connection)
