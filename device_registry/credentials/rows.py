"""The statements on the table `credentials`, each inside a transaction of the caller's."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from device_registry.credentials.credential import SERVICE_MARK, Credential, CredentialState, Sort
from device_registry.credentials.secrets import SecretHash
from device_registry.storage.tables import credentials, devices
from domain.devices import DeviceState

_IDS_A_STATEMENT: Final = 500


def read_credentials(
    connection: Connection,
    *,
    holder: str | None = None,
    state: CredentialState | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> list[Credential]:
    """By username; those of one holder or state only, behind the username `after`."""
    statement = select(credentials).order_by(credentials.c.username).limit(limit)
    if holder is not None:
        statement = statement.where(credentials.c.holder == holder)
    if state is not None:
        statement = statement.where(credentials.c.state == state.value)
    if after is not None:
        statement = statement.where(credentials.c.username > after)
    return [_credential(row) for row in connection.execute(statement)]


def read_of_holders(connection: Connection, holders: Iterable[str]) -> dict[str, list[Credential]]:
    """Every credential of these holders, revoked ones too, in the order of their making."""
    wanted = sorted(set(holders))
    found: dict[str, list[Credential]] = {holder: [] for holder in wanted}
    for start in range(0, len(wanted), _IDS_A_STATEMENT):
        some = wanted[start : start + _IDS_A_STATEMENT]
        statement = select(credentials).where(credentials.c.holder.in_(some))
        for row in connection.execute(statement.order_by(credentials.c.created_at_ms, credentials.c.username)):
            found[row.holder].append(_credential(row))
    return found


def read_named(connection: Connection, usernames: Sequence[str]) -> dict[str, Credential]:
    """Those of these usernames that there are."""
    found = {}
    for start in range(0, len(usernames), _IDS_A_STATEMENT):
        some = usernames[start : start + _IDS_A_STATEMENT]
        for row in connection.execute(select(credentials).where(credentials.c.username.in_(some))):
            found[row.username] = _credential(row)
    return found


def read_bound(connection: Connection, client_ids: Sequence[str]) -> list[Credential]:
    """The active ones that are bound to one of these client ids."""
    found = []
    for start in range(0, len(client_ids), _IDS_A_STATEMENT):
        some = client_ids[start : start + _IDS_A_STATEMENT]
        active = credentials.c.state == CredentialState.ACTIVE.value
        statement = select(credentials).where(active, credentials.c.client_id.in_(some))
        found += [_credential(row) for row in connection.execute(statement)]
    return found


def read_ended(connection: Connection, now_ms: int) -> list[Credential]:
    """The active ones whose end has come: their moment has passed, or their successor was used."""
    used = select(credentials.c.username).where(credentials.c.last_used_at_ms.is_not(None))
    over = or_(credentials.c.ends_at_ms <= now_ms, credentials.c.ends_on_use_of.in_(used))
    active = credentials.c.state == CredentialState.ACTIVE.value
    return [_credential(row) for row in connection.execute(select(credentials).where(active, over))]


def read_orphans(connection: Connection) -> list[Credential]:
    """The active ones of devices that are removed or retired."""
    mine = devices.c.device_id == credentials.c.holder
    in_service = select(devices.c.device_id).where(mine, ~devices.c.removed, devices.c.state != DeviceState.RETIRED)
    orphaned = (credentials.c.state == CredentialState.ACTIVE.value, ~credentials.c.holder.startswith(SERVICE_MARK))
    statement = select(credentials).where(*orphaned, ~in_service.exists())
    return [_credential(row) for row in connection.execute(statement)]


def insert_credentials(connection: Connection, new: Sequence[Credential]) -> None:
    if new:
        connection.execute(insert(credentials), [_row(one) for one in new])


def update_credentials(connection: Connection, changed: Sequence[Credential]) -> None:
    """Each as it is given, under its username."""
    if changed:
        rows = [{f"new_{name}": value for name, value in _row(one).items()} for one in changed]
        names = [column.name for column in credentials.c if column.name != "username"]
        statement = update(credentials).where(credentials.c.username == bindparam("new_username"))
        connection.execute(statement.values({name: bindparam(f"new_{name}") for name in names}), rows)


def _row(one: Credential) -> dict[str, Any]:
    salt, digest, iterations = one.secret or (None, None, None)
    return {
        "username": one.username,
        "holder": one.holder,
        "sort": one.sort.value,
        "state": one.state.value,
        "salt": salt,
        "secret_hash": digest,
        "iterations": iterations,
        "fingerprint": one.fingerprint,
        "certificate_ends_at_ms": one.certificate_ends_at_ms,
        "created_at_ms": one.created_at_ms,
        "ends_at_ms": one.ends_at_ms,
        "ends_on_use_of": one.ends_on_use_of,
        "last_used_at_ms": one.last_used_at_ms,
        "revoked_at_ms": one.revoked_at_ms,
        "client_id": one.client_id,
    }


def _credential(row: Row[Any]) -> Credential:
    return Credential(
        username=row.username,
        holder=row.holder,
        sort=Sort(row.sort),
        created_at_ms=row.created_at_ms,
        state=CredentialState(row.state),
        secret=SecretHash(row.salt, row.secret_hash, row.iterations) if row.secret_hash is not None else None,
        fingerprint=row.fingerprint,
        certificate_ends_at_ms=row.certificate_ends_at_ms,
        ends_at_ms=row.ends_at_ms,
        ends_on_use_of=row.ends_on_use_of,
        last_used_at_ms=row.last_used_at_ms,
        revoked_at_ms=row.revoked_at_ms,
        client_id=row.client_id,
    )
