"""API tokens: what they open, and that nothing but the very text does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import Authenticator, Bearer, Scope, TokenService, UserChange, UserService, read_audit
from accounts.storage.tables import tokens as token_table
from accounts.tokens.service import MOST_TOKENS, NewToken
from accounts.users.refusals import BadPeople, InTheWay, UnknownPerson
from domain.actors import Role

READ = frozenset({Scope.READ})


def test_a_token_stands_for_its_user_within_its_scopes(tokens: TokenService, authenticator: Authenticator) -> None:
    made = tokens.create("olga", "tablet", READ, by="olga", at_ms=10)
    assert made.secret.startswith(f"us_{made.token.token_id}_")
    caller = authenticator.caller_of(Bearer(made.secret), 11)
    assert caller is not None
    assert (caller.name, caller.actor.roles, caller.scopes) == ("olga", frozenset({Role.DEPARTMENT}), READ)


def test_of_a_token_only_a_hash_is_kept(tokens: TokenService, people: UserService) -> None:
    made = tokens.create("olga", "tablet", READ, by="olga", at_ms=10)
    secret = made.secret.split("_", 2)[2]
    with people.database.reading() as connection:
        kept = str(connection.execute(token_table.select()).all()) + str(read_audit(connection))
    assert secret not in kept
    assert secret not in str(tokens.list())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mangled_token_never_passes(tokens: TokenService, authenticator: Authenticator, data: st.DataObject) -> None:
    texts = [one.secret for one in _two(tokens)]
    text = data.draw(st.sampled_from(texts))
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 3)))
    put = data.draw(st.one_of(st.text(max_size=3), st.sampled_from(["\n", " ", "_", "A", texts[0], texts[1][20:]])))
    mangled = text[:at] + put + text[until:]
    if mangled in texts:
        return
    assert authenticator.caller_of(Bearer(mangled), 20) is None
    assert authenticator.caller_of(Bearer(text), 20) is not None


def _two(tokens: TokenService) -> list[NewToken]:
    """Made once for all the examples on one book."""
    kept = vars(tokens)
    if "two" not in kept:
        kept["two"] = [tokens.create("olga", label, READ, by="olga", at_ms=10) for label in ("one", "two")]
    two: list[NewToken] = kept["two"]
    return two


def test_the_secret_of_one_token_does_not_open_another(tokens: TokenService, authenticator: Authenticator) -> None:
    one, two = _two(tokens)
    crossed = f"us_{one.token.token_id}_{two.secret.split('_', 2)[2]}"
    assert authenticator.caller_of(Bearer(crossed), 20) is None


def test_a_token_is_over_at_its_end_and_when_revoked(tokens: TokenService, authenticator: Authenticator) -> None:
    brief = tokens.create("olga", "brief", READ, by="olga", at_ms=10, ends_at_ms=20)
    lasting = tokens.create("olga", "lasting", READ, by="olga", at_ms=10)
    assert authenticator.caller_of(Bearer(brief.secret), 19) is not None
    assert authenticator.caller_of(Bearer(brief.secret), 20) is None
    assert tokens.revoke(lasting.token.token_id, by="ada", at_ms=30).revoked_at_ms == 30
    assert authenticator.caller_of(Bearer(lasting.secret), 31) is None
    assert tokens.revoke(lasting.token.token_id, by="ada", at_ms=99).revoked_at_ms == 30


def test_a_token_of_who_is_disabled_opens_nothing(
    tokens: TokenService, authenticator: Authenticator, people: UserService
) -> None:
    made = tokens.create("olga", "tablet", READ, by="olga", at_ms=10)
    people.change_user("olga", UserChange(active=False), by="ada", at_ms=11)
    assert authenticator.caller_of(Bearer(made.secret), 12) is None
    with pytest.raises(InTheWay):
        tokens.create("olga", "another", READ, by="ada", at_ms=13)


def test_the_last_use_is_noted_at_most_once_a_minute(tokens: TokenService, authenticator: Authenticator) -> None:
    made = tokens.create("olga", "tablet", READ, by="olga", at_ms=10)
    for at_ms in (1_000, 30_000, 60_999):
        caller = authenticator.caller_of(Bearer(made.secret), at_ms)
        assert caller is not None
        authenticator.note_use(caller, at_ms)
    assert tokens.list()[0].used_at_ms == 1_000
    caller = authenticator.caller_of(Bearer(made.secret), 61_000)
    assert caller is not None
    authenticator.note_use(caller, 61_000)
    assert tokens.list()[0].used_at_ms == 61_000


def test_what_cannot_be_a_token_is_refused(tokens: TokenService) -> None:
    with pytest.raises(BadPeople):
        tokens.create("olga", "none", frozenset(), by="olga", at_ms=10)
    with pytest.raises(BadPeople):
        tokens.create("olga", "over", READ, by="olga", at_ms=10, ends_at_ms=10)
    with pytest.raises(UnknownPerson):
        tokens.create("nobody", "x", READ, by="olga", at_ms=10)
    with pytest.raises(InTheWay):
        tokens.create("olga", "more", READ | {Scope.PEOPLE}, by="olga", at_ms=10, at_most=READ)
    assert tokens.list() == ()


def test_who_may_not_see_a_token_cannot_revoke_it(tokens: TokenService) -> None:
    made = tokens.create("olga", "tablet", READ, by="olga", at_ms=10)
    with pytest.raises(UnknownPerson):
        tokens.revoke(made.token.token_id, by="eve", at_ms=11, of="eve")
    assert tokens.list("olga")[0].revoked_at_ms is None
    assert tokens.list("eve") == ()


def test_making_and_revoking_are_in_the_audit_log(tokens: TokenService, people: UserService) -> None:
    made = tokens.create("olga", "tablet", READ, by="ada", at_ms=10, ends_at_ms=99)
    tokens.revoke(made.token.token_id, by="ada", at_ms=11)
    with people.database.reading() as connection:
        revoked, created = read_audit(connection, subject=f"token/{made.token.token_id}")
    assert (created.actor, created.action) == ("ada", "token-made")
    assert created.details == {"user": "olga", "label": "tablet", "scopes": ["read"], "ends_at_ms": 99}
    assert (revoked.action, revoked.details) == ("token-revoked", {"user": "olga"})


def test_a_user_has_only_so_many_tokens(tokens: TokenService) -> None:
    made = [
        tokens.create("olga", str(n), frozenset({Scope.READ}), by="olga", at_ms=5).token.token_id
        for n in range(MOST_TOKENS)
    ]
    with pytest.raises(InTheWay, match="olga has 100 tokens"):
        tokens.create("olga", "one more", frozenset({Scope.READ}), by="olga", at_ms=6)
    tokens.revoke(made[0], by="olga", at_ms=7)
    assert tokens.create("olga", "one more", frozenset({Scope.READ}), by="olga", at_ms=8)
