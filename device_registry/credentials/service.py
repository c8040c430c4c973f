"""Credentials as the API and the commands handle them: the database first, the broker right after it.

               ┌──▶ CredentialStore (the registry's database: what must be)
issue, rotate ─┤
               └──▶ BrokerControl   (Mosquitto: what is)  ◀── sync: on every connection, and when devices change
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import structlog

from device_registry.credentials.broker_accounts import BrokerAccounts, Command, plan_repairs, role_of
from device_registry.credentials.broker_control import BrokerControl, CommandRefused
from device_registry.credentials.broker_file import broker_file
from device_registry.credentials.certificates import read_certificate
from device_registry.credentials.credential import Credential, CredentialState, Issued
from device_registry.credentials.secrets import hash_secret
from device_registry.credentials.store import CredentialStore
from domain.errors import ConfigurationError, TransientFault

_DONE_ALREADY: Final = ("Role already exists", "Client already exists", "Client not found", "Role not found")
"""Errors of the broker that mean there is nothing left to do. An account of that name goes before a new secret comes."""

_log = structlog.get_logger()


class Provisioning(NamedTuple):
    """What reconciling did: `commands` given, and the accounts `lost`: the broker's file or a new secret mends these."""

    commands: int
    lost: tuple[str, ...]


class CredentialService:
    """Use from one event loop; one call at a time works on the broker. Without `control` only the database is kept.

    Time: `now_ms` is the wall clock. Delivery: what was written to the database and did not reach the broker is made
    good by the next `sync`; a new secret is kept in memory until then.
    """

    def __init__(
        self,
        store: CredentialStore,
        control: BrokerControl | None,
        now_ms: Callable[[], int],
        admin: tuple[str, str] | None = None,
    ) -> None:
        self.control = control
        self._store = store
        self._now_ms = now_ms
        self._admin = admin
        self._unsent: dict[str, str] = {}
        self._turn = asyncio.Lock()

    async def page(
        self, *, holder: str | None, state: CredentialState | None, after: str | None, limit: int
    ) -> tuple[list[Credential], str | None]:
        return await asyncio.to_thread(self._store.page, holder=holder, state=state, after=after, limit=limit)

    async def holders_without(self, kind: str | None, area: str | None) -> list[str]:
        return await asyncio.to_thread(self._store.holders_without, kind, area, self._now_ms())

    async def issue(
        self,
        holders: Sequence[str],
        *,
        author: str,
        provision: bool = True,
        client_ids: Mapping[str, str] = MappingProxyType({}),
    ) -> list[Issued]:
        """New secrets, all or none; with `provision` they work as soon as the call returns.

        `client_ids`, by holder, are those under which alone the broker lets them in.

        Raises: InvalidRecords; TransientFault where the broker does not answer, and then nothing was issued.
        """
        async with self._turn:
            control = await self._ready(provision)
            issued = await asyncio.to_thread(
                self._store.issue, holders, now_ms=self._now_ms(), author=author, client_ids=client_ids
            )
            await self._hand_over(control, issued)
        return issued

    async def rotate(
        self, holders: Sequence[str], *, overlap_ms: int | None, until_used: bool, author: str, provision: bool = True
    ) -> list[Issued]:
        """As `issue`, for holders that have one; the old ones end after `overlap_ms`, or once the new ones are used."""
        async with self._turn:
            control = await self._ready(provision)
            now_ms = self._now_ms()
            issued = await asyncio.to_thread(
                self._store.rotate,
                holders,
                ends_at_ms=None if overlap_ms is None else now_ms + overlap_ms,
                until_used=until_used,
                now_ms=now_ms,
                author=author,
            )
            await self._hand_over(control, issued)
        return issued

    async def bind(self, holder: str, pem: str, *, author: str) -> Credential:
        """Raises: NotACertificate; InvalidRecords."""
        certificate = read_certificate(pem)
        async with self._turn:
            control = await self._ready(True)
            bound = await asyncio.to_thread(self._store.bind, holder, certificate, now_ms=self._now_ms(), author=author)
            await self._hand_over(control, [Issued(holder, bound.username, "")])
        return bound

    async def revoke(
        self, usernames: Collection[str] = (), *, holders: Collection[str] = (), author: str
    ) -> list[Credential]:
        """Those revoked; their connections are cut before the call returns.

        Raises: InvalidRecords; TransientFault where the broker does not answer: revoked they are all the same, and cut off
        as soon as it does.
        """
        async with self._turn:
            revoked = await asyncio.to_thread(
                self._store.revoke, usernames, holders=holders, now_ms=self._now_ms(), author=author
            )
            await self._cut_off(revoked)
        return revoked

    async def end_due(self) -> list[Credential]:
        """Revoke and cut off what has come to its end."""
        async with self._turn:
            ended = await asyncio.to_thread(self._store.end_due, self._now_ms())
            await self._cut_off(ended)
        return ended

    async def note_use(self, used: dict[str, int]) -> None:
        await asyncio.to_thread(self._store.note_use, used)

    async def sync(self) -> Provisioning:
        """Make the broker's accounts what the database holds; nothing is done where they are.

        Raises: ConfigurationError where no broker is to be provisioned; CommandRefused; TransientFault.
        """
        if self.control is None:
            raise ConfigurationError("URBANSENSE_MQTT_ADMIN_URL names no broker to provision")
        async with self._turn:
            now_ms = self._now_ms()
            await asyncio.to_thread(self._store.end_due, now_ms)
            await asyncio.to_thread(self._store.revoke_orphans, now_ms)
            standing = await asyncio.to_thread(self._store.standing, now_ms)
            found = await self.control.fetch_accounts()
            repairs = plan_repairs(standing.accounts, found, self._unsent, standing.certificates)
            await self.control.give(repairs.commands)
            self._unsent.clear()
        return Provisioning(len(repairs.commands), tuple(repairs.lost))

    async def export(self) -> bytes:
        """Mosquitto's `dynamic-security.json` with every account that holds, and the one that provisions."""
        await asyncio.to_thread(self._store.revoke_orphans, self._now_ms())
        standing = await asyncio.to_thread(self._store.standing, self._now_ms())
        admin = (self._admin[0], hash_secret(self._admin[1])) if self._admin else None
        return broker_file(standing.accounts, standing.hashes, admin)

    def close(self) -> None:
        """Let the broker go. May be called twice."""
        if self.control is not None:
            self.control.close()

    async def _ready(self, provision: bool) -> BrokerControl | None:
        """The broker, known to answer before anything is written; None where none is to be provisioned."""
        if self.control is None or not provision:
            return None
        await self.control.check()
        return self.control

    async def _hand_over(self, control: BrokerControl | None, issued: Sequence[Issued]) -> None:
        """Give the broker the accounts. What fails now is done by the next sync."""
        if control is None:
            return
        secrets = {one.username: one.secret for one in issued if one.secret}
        self._unsent.update(secrets)
        standing = await asyncio.to_thread(self._store.standing, self._now_ms(), {one.holder for one in issued})
        names = {one.username for one in issued}
        clients = {name: account for name, account in standing.accounts.clients.items() if name in names}
        wanted = BrokerAccounts(standing.accounts.roles, clients)
        repairs = plan_repairs(wanted, BrokerAccounts(), secrets, standing.certificates)
        rid: list[Command] = [{"command": "deleteClient", "username": name} for name in secrets]
        try:
            await control.give([*rid, *repairs.commands], tolerate=_DONE_ALREADY)
        except (TransientFault, CommandRefused) as fault:
            _log.warning("the broker did not take new accounts; the next sync repeats it", error=str(fault))
            return
        for username in secrets:
            self._unsent.pop(username, None)

    async def _cut_off(self, revoked: Sequence[Credential]) -> None:
        if self.control is None or not revoked:
            return
        holders = {one.holder for one in revoked}
        standing = await asyncio.to_thread(self._store.standing, self._now_ms(), holders)
        commands: list[Command] = [{"command": "deleteClient", "username": one.username} for one in revoked]
        bare = [role_of(holder) for holder in sorted(holders) if role_of(holder) not in standing.accounts.roles]
        commands += [{"command": "deleteRole", "rolename": role} for role in bare]
        await self.control.give(commands, tolerate=_DONE_ALREADY)
