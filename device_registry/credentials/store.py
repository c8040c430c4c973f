"""The credentials of record: who may log in with what. Every change is one transaction, with a note of who did it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from device_registry.credentials import rows
from device_registry.credentials.access import SERVICES
from device_registry.credentials.broker_accounts import BrokerAccounts
from device_registry.credentials.certificates import Certificate
from device_registry.credentials.client_ids import client_id_problems, is_client_id
from device_registry.credentials.credential import (
    SERVICE_MARK,
    Credential,
    CredentialState,
    Issued,
    Sort,
    next_username,
)
from device_registry.credentials.secrets import SecretHash, hash_secret, new_secret
from device_registry.credentials.wanted_accounts import wanted_accounts
from device_registry.records.problems import InvalidRecords, RecordProblem
from device_registry.storage import device_rows
from device_registry.storage.audit import UNNAMED, Action, Note, Subject, write_notes
from device_registry.storage.database import reading, writing
from device_registry.storage.device_filter import DeviceFilter
from device_registry.storage.registry import Registry
from domain.devices import Device, DeviceState

_LONGEST_NAME: Final = 200


class WantedAccounts(NamedTuple):
    """What must stand at the broker now: all accounts, the hashes by username, and who needs none."""

    accounts: BrokerAccounts
    hashes: Mapping[str, SecretHash]
    certificates: frozenset[str]


class CredentialStore:
    """The credentials in the registry's database. Synchronous, and safe from many threads.

    `prefix` is that of the log's topics. Raises, from every method: domain.errors.TransientFault when the database does
    not answer.
    """

    def __init__(self, registry: Registry, prefix: str = "") -> None:
        self._registry = registry
        self._prefix = prefix

    def page(
        self,
        *,
        holder: str | None = None,
        state: CredentialState | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> tuple[list[Credential], str | None]:
        """Up to `limit` by username, and the cursor of the page behind it."""
        with reading(self._registry.engine) as connection:
            found = rows.read_credentials(connection, holder=holder, state=state, after=after, limit=limit + 1)
        return found[:limit], found[limit - 1].username if len(found) > limit else None

    def issue(
        self,
        holders: Sequence[str],
        *,
        now_ms: int,
        author: str = UNNAMED,
        client_ids: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Issued]:
        """A secret for each of these holders, all or none; those of `client_ids` bound to a client id.

        Raises: InvalidRecords for one that is no device or service, is retired, or has a secret that holds, and for a
        client id that another holder is bound to.
        """
        with writing(self._registry.engine) as connection:
            held = rows.read_of_holders(connection, holders)
            problems = [*self._holder_problems(connection, holders)]
            bound = rows.read_bound(connection, sorted(filter(is_client_id, client_ids.values())))
            problems += client_id_problems(holders, client_ids, bound)
            for holder, old in held.items():
                if any(one.sort is Sort.SECRET and one.holds_at(now_ms) for one in old):
                    problems.append(
                        RecordProblem(holder, "holder", f"{holder!r} has a credential", "rotate or revoke it")
                    )
            return self._write_new(connection, holders, held, problems, now_ms, author, client_ids)

    def rotate(
        self,
        holders: Sequence[str],
        *,
        ends_at_ms: int | None,
        until_used: bool,
        now_ms: int,
        author: str = UNNAMED,
    ) -> list[Issued]:
        """A new secret for each; the old ones end at `ends_at_ms`, and with `until_used` also once the new one is used.

        An old one that was to end sooner still does. A new one is bound to the client id of the newest old one.
        Raises: InvalidRecords, also for a holder without a secret.
        """
        if ends_at_ms is None and not until_used:
            raise ValueError("an overlap has an end")
        with writing(self._registry.engine) as connection:
            held = rows.read_of_holders(connection, holders)
            problems = [*self._holder_problems(connection, holders)]
            olds = {h: [o for o in old if o.sort is Sort.SECRET and o.holds_at(now_ms)] for h, old in held.items()}
            for holder, old in olds.items():
                if not old:
                    what = f"{holder!r} has no secret that holds"
                    problems.append(RecordProblem(holder, "holder", what, "create one"))
            bound = {h: old[-1].client_id for h, old in olds.items() if old and old[-1].client_id is not None}
            issued = self._write_new(connection, holders, held, problems, now_ms, author, bound)
            ending = []
            for new in issued:
                for old_one in olds[new.holder]:
                    ends = [end for end in (old_one.ends_at_ms, ends_at_ms) if end is not None]
                    successor = new.username if until_used else old_one.ends_on_use_of
                    ending.append(replace(old_one, ends_at_ms=min(ends) if ends else None, ends_on_use_of=successor))
            _change(connection, ending, {one.username: one for old in olds.values() for one in old}, now_ms, author)
            return issued

    def bind(self, holder: str, certificate: Certificate, *, now_ms: int, author: str = UNNAMED) -> Credential:
        """The holder may come in with this certificate. Bound again under the same name, it is the renewed one.

        Raises: InvalidRecords where it has expired, or its name is another credential's.
        """
        with writing(self._registry.engine) as connection:
            name = certificate.common_name
            problems = [*self._holder_problems(connection, [holder])]
            if certificate.ends_at_ms <= now_ms:
                problems.append(RecordProblem(holder, "certificate", "the certificate has expired", "renew it"))
            if not name or len(name) > _LONGEST_NAME or name.startswith(SERVICE_MARK):
                what = f"{name!r} cannot be a login name"
                problems.append(RecordProblem(holder, "certificate", what, f"1 to {_LONGEST_NAME} characters"))
            there = rows.read_named(connection, [name]).get(name)
            if there is not None and (there.holder != holder or there.sort is not Sort.CERTIFICATE):
                what = f"{name!r} is the name of another credential, of {there.holder!r}"
                problems.append(RecordProblem(holder, "certificate", what, "issue one with another common name"))
            if problems:
                raise InvalidRecords(problems)
            bound = Credential(
                name,
                holder,
                Sort.CERTIFICATE,
                there.created_at_ms if there else now_ms,
                fingerprint=certificate.fingerprint,
                certificate_ends_at_ms=certificate.ends_at_ms,
            )
            if there is None:
                rows.insert_credentials(connection, [bound])
                write_notes(connection, [_note(None, bound, now_ms, author)])
            else:
                _change(connection, [bound], {name: there}, now_ms, author)
            return bound

    def revoke(
        self, usernames: Collection[str] = (), *, holders: Collection[str] = (), now_ms: int, author: str = UNNAMED
    ) -> list[Credential]:
        """Those of these names and of these holders that held, now revoked; others stay as they are.

        Raises: InvalidRecords for a name or holder that has never had a credential; then nothing is revoked.
        """
        with writing(self._registry.engine) as connection:
            named = rows.read_named(connection, sorted(set(usernames)))
            of_holders = rows.read_of_holders(connection, holders)
            unknown = [*(set(usernames) - named.keys()), *(h for h, theirs in of_holders.items() if not theirs)]
            if unknown:
                remedy = "see which there are with `credentials list`"
                raise InvalidRecords([RecordProblem(one, "", f"{one!r} has no credential", remedy) for one in unknown])
            all_named = {**named, **{one.username: one for theirs in of_holders.values() for one in theirs}}
            return _revoke(connection, all_named.values(), now_ms, author)

    def note_use(self, used: Mapping[str, int]) -> list[str]:
        """Note when these usernames were used last; names of nobody's are passed over. Returns those of ours."""
        with writing(self._registry.engine) as connection:
            known = rows.read_named(connection, sorted(used))
            rows.update_credentials(
                connection, [replace(one, last_used_at_ms=used[one.username]) for one in known.values()]
            )
        return list(known)

    def end_due(self, now_ms: int) -> list[Credential]:
        """Revoke what has come to its end: its moment, or its successor's first use. Returns what was revoked."""
        with reading(self._registry.engine) as connection:
            if not rows.read_ended(connection, now_ms):
                return []
        with writing(self._registry.engine) as connection:
            return _revoke(connection, rows.read_ended(connection, now_ms), now_ms, UNNAMED)

    def revoke_orphans(self, now_ms: int) -> list[Credential]:
        """Revoke what belongs to devices that are removed or retired: whoever comes back gets a new secret."""
        with reading(self._registry.engine) as connection:
            if not rows.read_orphans(connection):
                return []
        with writing(self._registry.engine) as connection:
            return _revoke(connection, rows.read_orphans(connection), now_ms, UNNAMED)

    def standing(self, now_ms: int, only: Collection[str] | None = None) -> WantedAccounts:
        """What must stand at the broker; of these holders only."""
        with reading(self._registry.engine) as connection:
            if only is None:
                held = rows.read_credentials(connection, state=CredentialState.ACTIVE)
            else:
                held = [one for some in rows.read_of_holders(connection, only).values() for one in some]
            devices = self._devices(connection, {one.holder for one in held})
        parents = {kind for kind in self._registry.kinds if kind in self._registry.tables.parents}
        accounts = wanted_accounts(
            held, devices.get, publishes_for_others=parents.__contains__, prefix=self._prefix, now_ms=now_ms
        )
        return WantedAccounts(
            accounts,
            {one.username: one.secret for one in held if one.secret is not None},
            frozenset(one.username for one in held if one.sort is Sort.CERTIFICATE),
        )

    def holders_without(self, kind: str | None, area: str | None, now_ms: int) -> list[str]:
        """The devices in service of a kind, and of an area and below, that have no secret that holds; by id."""
        wanted, after, found = DeviceFilter(kind=kind, area=area), None, []
        while True:
            page = self._registry.list_devices(wanted, after=after, limit=1000)
            ids = [one.device_id for one in page.items if one.state is not DeviceState.RETIRED]
            with reading(self._registry.engine) as connection:
                held = rows.read_of_holders(connection, ids)
            found += [i for i in ids if not any(c.sort is Sort.SECRET and c.holds_at(now_ms) for c in held[i])]
            after = page.next
            if after is None:
                return found

    def _write_new(
        self,
        connection: Connection,
        holders: Sequence[str],
        held: Mapping[str, Sequence[Credential]],
        problems: Sequence[RecordProblem],
        now_ms: int,
        author: str,
        client_ids: Mapping[str, str],
    ) -> list[Issued]:
        if problems:
            raise InvalidRecords(problems)
        issued, new = [], []
        for holder in holders:
            taken = sum(one.sort is Sort.SECRET for one in held[holder])
            secret, username = new_secret(), next_username(holder, taken)
            issued.append(Issued(holder, username, secret))
            client_id = client_ids.get(holder)
            new.append(
                Credential(username, holder, Sort.SECRET, now_ms, secret=hash_secret(secret), client_id=client_id)
            )
        names = {one.username for one in new}
        if taken_names := rows.read_named(connection, sorted(names)):
            what = "is already the name in a certificate"
            raise InvalidRecords(
                [RecordProblem(n, "holder", f"{n!r} {what}", "revoke that first") for n in taken_names]
            )
        rows.insert_credentials(connection, new)
        write_notes(connection, [_note(None, one, now_ms, author) for one in new])
        return issued

    def _holder_problems(self, connection: Connection, holders: Sequence[str]) -> Iterable[RecordProblem]:
        devices = self._devices(connection, set(holders))
        for holder, times in Counter(holders).items():
            if times > 1:
                yield RecordProblem(holder, "holder", f"{holder!r} is given {times} times", "give it once")
        for holder in holders:
            if holder.startswith(SERVICE_MARK):
                if holder.removeprefix(SERVICE_MARK) not in SERVICES:
                    known = ", ".join(SERVICE_MARK + name for name in SERVICES)
                    yield RecordProblem(holder, "holder", f"there is no service {holder!r}", f"use one of {known}")
            elif holder not in devices:
                yield RecordProblem(holder, "holder", f"device {holder!r} is not registered", "register it first")
            elif devices[holder].state is DeviceState.RETIRED:
                yield RecordProblem(holder, "holder", f"device {holder!r} is retired", "activate it first")

    def _devices(self, connection: Connection, holders: Collection[str]) -> dict[str, Device]:
        ids = {holder for holder in holders if not holder.startswith(SERVICE_MARK)}
        found = device_rows.read_stored(connection, ids)
        return {device_id: held.device for device_id, held in found.items() if not held.removed}


def _revoke(connection: Connection, which: Iterable[Credential], now_ms: int, author: str) -> list[Credential]:
    held = {one.username: one for one in which if one.state is CredentialState.ACTIVE}
    revoked = [replace(one, state=CredentialState.REVOKED, revoked_at_ms=now_ms) for one in held.values()]
    _change(connection, revoked, held, now_ms, author)
    return revoked


def _change(
    connection: Connection, changed: Sequence[Credential], before: Mapping[str, Credential], now_ms: int, author: str
) -> None:
    rows.update_credentials(connection, changed)
    write_notes(connection, [_note(before[one.username], one, now_ms, author) for one in changed])


def _note(before: Credential | None, after: Credential, at_ms: int, author: str) -> Note:
    """What differs, under the holder's name; never anything of the secret, not even its hash."""
    old, new = _comparable(before) if before else {}, _comparable(after)
    changes: dict[str, tuple[Any, Any]] = {
        name: (old.get(name), value) for name, value in new.items() if old.get(name) != value or name == "username"
    }
    action = Action.CREATED if before is None else Action.CHANGED
    return Note(Subject.CREDENTIAL, after.holder, 0, at_ms, author, action, changes)


def _comparable(one: Credential) -> dict[str, Any]:
    return {
        "username": one.username,
        "sort": one.sort.value,
        "state": one.state.value,
        "fingerprint": one.fingerprint,
        "certificate_ends_at_ms": one.certificate_ends_at_ms,
        "ends_at_ms": one.ends_at_ms,
        "ends_on_use_of": one.ends_on_use_of,
        "client_id": one.client_id,
    }
