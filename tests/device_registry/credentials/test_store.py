"""The credentials of record, on each database."""

from dataclasses import replace

import pytest

from device_registry.credentials.certificates import Certificate
from device_registry.credentials.credential import CredentialState, Sort
from device_registry.credentials.secrets import is_secret_of
from device_registry.credentials.store import CredentialStore
from device_registry.records.problems import InvalidRecords
from device_registry.storage.audit import Subject
from device_registry.storage.registry import Registry
from domain.devices import DeviceState
from domain.time.units import DAY_MS
from tests.device_registry.credentials.conftest import LAMPS
from tests.device_registry.samples import NOW_MS

CERTIFICATE = Certificate("lamp-1.city.example", "ab" * 32, NOW_MS - DAY_MS, NOW_MS + DAY_MS)


def states(book: CredentialStore, holder: str) -> list[tuple[str, str]]:
    return [(one.username, one.state.value) for one in book.page(holder=holder)[0]]


def test_a_secret_is_kept_as_its_hash_and_shown_once(book: CredentialStore) -> None:
    (issued,) = book.issue(["SL-1"], now_ms=NOW_MS)
    (kept,), _ = book.page()
    assert kept.secret is not None
    assert is_secret_of(issued.secret, kept.secret)
    assert not is_secret_of(issued.secret[:-1], kept.secret)
    assert issued.secret not in repr(kept)
    assert len(issued.secret) == 43


def test_all_get_one_or_none(book: CredentialStore) -> None:
    with pytest.raises(InvalidRecords) as raised:
        book.issue(["SL-1", "SL-1", "SL-9", "@nobody"], now_ms=NOW_MS)
    assert {problem.subject for problem in raised.value.problems} == {"SL-1", "SL-9", "@nobody"}
    assert book.page() == ([], None)


def test_a_second_secret_needs_a_rotation(book: CredentialStore) -> None:
    book.issue(["SL-1"], now_ms=NOW_MS)
    with pytest.raises(InvalidRecords, match="has a credential; rotate or revoke it"):
        book.issue(["SL-1"], now_ms=NOW_MS)
    with pytest.raises(InvalidRecords, match="'SL-2' has no secret that holds"):
        book.rotate(["SL-2"], ends_at_ms=NOW_MS, until_used=False, now_ms=NOW_MS)


def test_a_client_id_is_kept_on_rotation_and_is_one_holders_only(book: CredentialStore, registry: Registry) -> None:
    book.issue(["SL-1", "CAB-1"], now_ms=NOW_MS, client_ids={"SL-1": "lamp-1"})
    book.rotate(["SL-1"], ends_at_ms=NOW_MS + 10, until_used=False, now_ms=NOW_MS)
    assert {one.username: one.client_id for one in book.page()[0]} == {
        "SL-1": "lamp-1",
        "SL-1/2": "lamp-1",
        "CAB-1": None,
    }
    clients = book.standing(NOW_MS).accounts.clients
    assert [clients[name].client_id for name in ("SL-1", "SL-1/2", "CAB-1")] == ["lamp-1", "lamp-1", None]
    with pytest.raises(InvalidRecords, match="the account of 'SL-1' is bound to the client id 'lamp-1'"):
        book.issue(["SL-2"], now_ms=NOW_MS, client_ids={"SL-2": "lamp-1"})
    book.revoke(holders=["SL-1"], now_ms=NOW_MS)
    book.issue(["SL-2"], now_ms=NOW_MS, client_ids={"SL-2": "lamp-1"})
    changes = [note.changes for note in registry.history("SL-2", kind=Subject.CREDENTIAL)]
    assert [change["client_id"] for change in changes] == [(None, "lamp-1")]


@pytest.mark.parametrize(
    ("client_ids", "what"),
    [
        ({"SL-1": ""}, "cannot be a client id"),
        ({"SL-1": "x" * 201}, "cannot be a client id"),
        ({"SL-1": "a\x00b"}, "cannot be a client id"),
        ({"SL-1": "same", "SL-2": "same"}, "is given 2 times"),
        ({"SL-9": "lamp-9"}, "is given a client id and no credential"),
        ({"@gateway": "urbansense-0"}, "makes its client ids itself"),
        ({"@simulator": "mine"}, "makes its client ids itself"),
    ],
)
def test_a_client_id_that_cannot_be_bound_is_refused(
    book: CredentialStore, client_ids: dict[str, str], what: str
) -> None:
    with pytest.raises(InvalidRecords, match=what):
        book.issue(["SL-1", "SL-2", "@gateway", "@simulator"], now_ms=NOW_MS, client_ids=client_ids)
    assert book.page() == ([], None)


def test_the_old_secret_ends_at_the_moment_given(book: CredentialStore) -> None:
    book.issue(["SL-1"], now_ms=NOW_MS)
    book.rotate(["SL-1"], ends_at_ms=NOW_MS + 10, until_used=False, now_ms=NOW_MS)
    assert book.end_due(NOW_MS + 9) == []
    assert set(book.standing(NOW_MS + 9).accounts.clients) == {"SL-1", "SL-1/2"}
    assert [one.username for one in book.end_due(NOW_MS + 10)] == ["SL-1"]
    assert book.end_due(NOW_MS + 10) == []
    assert states(book, "SL-1") == [("SL-1", "revoked"), ("SL-1/2", "active")]


def test_the_old_secret_ends_once_the_new_one_is_used(book: CredentialStore) -> None:
    book.issue(["SL-1"], now_ms=NOW_MS)
    book.rotate(["SL-1"], ends_at_ms=None, until_used=True, now_ms=NOW_MS)
    book.note_use({"SL-1": NOW_MS + 5, "somebody": NOW_MS})
    assert book.end_due(NOW_MS + DAY_MS) == []
    book.note_use({"SL-1/2": NOW_MS + 6})
    assert [one.username for one in book.end_due(NOW_MS + 7)] == ["SL-1"]
    assert [one.last_used_at_ms for one in book.page(holder="SL-1")[0]] == [NOW_MS + 5, NOW_MS + 6]


def test_a_second_rotation_does_not_lengthen_the_first_ones_overlap(book: CredentialStore) -> None:
    book.issue(["SL-1"], now_ms=NOW_MS)
    book.rotate(["SL-1"], ends_at_ms=NOW_MS + 10, until_used=False, now_ms=NOW_MS)
    book.rotate(["SL-1"], ends_at_ms=NOW_MS + 99, until_used=False, now_ms=NOW_MS + 1)
    assert [one.ends_at_ms for one in book.page(holder="SL-1")[0]] == [NOW_MS + 10, NOW_MS + 99, None]


def test_revoking_takes_everything_of_a_holder_and_a_new_secret_has_a_new_name(book: CredentialStore) -> None:
    book.issue(["SL-1", "SL-2"], now_ms=NOW_MS)
    book.rotate(["SL-1"], ends_at_ms=NOW_MS + 10, until_used=False, now_ms=NOW_MS)
    assert {one.username for one in book.revoke(holders=["SL-1"], now_ms=NOW_MS + 1)} == {"SL-1", "SL-1/2"}
    assert book.revoke(holders=["SL-1"], now_ms=NOW_MS + 2) == []
    assert set(book.standing(NOW_MS + 2).accounts.clients) == {"SL-2"}
    assert book.issue(["SL-1"], now_ms=NOW_MS + 3)[0].username == "SL-1/3"
    with pytest.raises(InvalidRecords, match="'ghost' has no credential"):
        book.revoke(["ghost"], now_ms=NOW_MS)


def test_a_certificate_is_bound_renewed_and_expires(book: CredentialStore) -> None:
    book.bind("SL-1", CERTIFICATE, now_ms=NOW_MS)
    assert book.standing(NOW_MS).certificates == {CERTIFICATE.common_name}
    assert set(book.standing(CERTIFICATE.ends_at_ms).accounts.clients) == set()
    renewed = CERTIFICATE._replace(fingerprint="cd" * 32, ends_at_ms=NOW_MS + 9 * DAY_MS)
    book.bind("SL-1", renewed, now_ms=NOW_MS + 1)
    assert set(book.standing(CERTIFICATE.ends_at_ms).accounts.clients) == {CERTIFICATE.common_name}
    (only,), _ = book.page(holder="SL-1")
    assert (only.sort, only.fingerprint) == (Sort.CERTIFICATE, "cd" * 32)


def test_a_certificate_that_cannot_serve_is_refused(book: CredentialStore) -> None:
    book.issue(["SL-2"], now_ms=NOW_MS)
    for certificate, why in (
        (CERTIFICATE._replace(ends_at_ms=NOW_MS), "has expired"),
        (CERTIFICATE._replace(common_name="SL-2"), "name of another credential"),
        (CERTIFICATE._replace(common_name="@gateway"), "cannot be a login name"),
    ):
        with pytest.raises(InvalidRecords, match=why):
            book.bind("SL-1", certificate, now_ms=NOW_MS)
    book.bind("SL-1", CERTIFICATE._replace(common_name="SL-1"), now_ms=NOW_MS)
    with pytest.raises(InvalidRecords, match="already the name in a certificate"):
        book.issue(["SL-1"], now_ms=NOW_MS)


def test_every_change_is_noted_with_who_did_it_and_never_a_secret(registry: Registry, book: CredentialStore) -> None:
    (first,) = book.issue(["SL-1"], now_ms=NOW_MS, author="li")
    (second,) = book.rotate(["SL-1"], ends_at_ms=NOW_MS + 10, until_used=True, now_ms=NOW_MS + 1, author="wang")
    book.revoke([second.username], now_ms=NOW_MS + 2, author="zhao")
    notes = registry.history("SL-1", kind=Subject.CREDENTIAL)
    assert [(note.author, note.action.value) for note in notes] == [
        ("zhao", "changed"), ("wang", "changed"), ("wang", "created"), ("li", "created"),
    ]  # fmt: skip
    assert notes[0].changes["state"] == ("active", "revoked")
    assert notes[1].changes["ends_at_ms"] == (None, NOW_MS + 10)
    digests = [one.secret.digest for one in book.page()[0] if one.secret]
    assert not any(word in repr(notes) for word in (first.secret, second.secret, *digests))


def test_what_a_device_leaves_behind_is_revoked_and_does_not_come_back_with_it(
    registry: Registry, book: CredentialStore
) -> None:
    book.issue(["SL-1", "SL-2", "CAB-2", "@gateway"], now_ms=NOW_MS)
    registry.upsert_devices([replace(LAMPS[0], state=DeviceState.RETIRED)], now_ms=NOW_MS)
    registry.remove_devices(["SL-2"], now_ms=NOW_MS)
    assert set(book.standing(NOW_MS).accounts.clients) == {"CAB-2", "@gateway"}
    assert {one.username for one in book.revoke_orphans(NOW_MS)} == {"SL-1", "SL-2"}
    assert book.revoke_orphans(NOW_MS) == []
    registry.upsert_devices(LAMPS, now_ms=NOW_MS)
    assert set(book.standing(NOW_MS).accounts.clients) == {"CAB-2", "@gateway"}


def test_pages_hold_each_credential_once(book: CredentialStore) -> None:
    book.issue(["SL-1", "SL-2", "CAB-1", "@gateway"], now_ms=NOW_MS)
    first, cursor = book.page(limit=3)
    second, end = book.page(after=cursor, limit=3)
    assert [one.username for one in first + second] == ["@gateway", "CAB-1", "SL-1", "SL-2"]
    assert end is None
    book.revoke(["SL-1"], now_ms=NOW_MS)
    assert [one.username for one in book.page(state=CredentialState.REVOKED)[0]] == ["SL-1"]


def test_devices_without_a_secret_are_found(book: CredentialStore) -> None:
    book.issue(["SL-1"], now_ms=NOW_MS)
    assert book.holders_without("streetlight", None, NOW_MS) == ["SL-2"]
    assert book.holders_without(None, None, NOW_MS) == ["CAB-1", "CAB-2", "SL-2"]
