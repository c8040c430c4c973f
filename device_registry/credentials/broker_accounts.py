"""What must stand at the broker, what stands there, and the commands that make the one the other. Pure.

credentials, devices ────▶ wanted: BrokerAccounts ──┐
                                                    ├──▶ repairs ──▶ commands, and what only a new secret mends
the broker's own lists ──▶ found: BrokerAccounts ───┘
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from device_registry.credentials.access import Grants

Command = dict[str, Any]
"""One command of `$CONTROL/dynamic-security/v1`."""

ROLE_PREFIX: Final = "urbansense/"
"""Before the names of our roles. Roles without it, and accounts without such a role, are somebody else's: left alone."""

DEFAULT_ACCESS: Final = {
    "publishClientSend": False,
    "publishClientReceive": True,
    "subscribe": False,
    "unsubscribe": True,
}
"""What anybody may do whom no role allows or forbids it: nothing but to receive what it was let subscribe to."""


class BrokerAccount(NamedTuple):
    """A client of the broker, by its username elsewhere. With a `client_id` it is let in under that one only."""

    roles: frozenset[str]
    disabled: bool = False
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class BrokerAccounts:
    """All of ours at the broker: roles by name, clients by username, and the default access where it is known."""

    roles: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    clients: Mapping[str, BrokerAccount] = field(default_factory=dict)
    default_access: Mapping[str, bool] = field(default_factory=lambda: dict(DEFAULT_ACCESS))


class Repairs(NamedTuple):
    """`commands` in the order to give them. `lost` names the accounts that the broker must get with their hashes: it
    takes hashes only in its file, and secrets are not kept.
    """

    commands: list[Command]
    lost: list[str]


def role_of(holder: str) -> str:
    """The name of a holder's role."""
    return ROLE_PREFIX + holder


def plan_repairs(
    wanted: BrokerAccounts,
    found: BrokerAccounts,
    secrets: Mapping[str, str] | None = None,
    without_secret: Iterable[str] = (),
) -> Repairs:
    """What makes `found` `wanted`; nothing where they are equal. Roles come before who has them, strays go last.

    `secrets` are the secrets known right now by username; the accounts `without_secret` need none (certificates).
    """
    commands = [*_access_repairs(wanted, found), *_role_repairs(wanted, found)]
    known, lost, bare = secrets or {}, [], set(without_secret)
    for username, account in wanted.clients.items():
        there = found.clients.get(username)
        if there is not None:
            commands += _client_repairs(username, account, there)
        elif username in known or username in bare:
            commands.append(_create_client(username, account, known.get(username)))
            if account.disabled:
                commands.append({"command": "disableClient", "username": username})
        else:
            lost.append(username)
    stray_clients = [
        name for name, there in found.clients.items() if name not in wanted.clients and any(map(_is_ours, there.roles))
    ]
    commands += [{"command": "deleteClient", "username": name} for name in stray_clients]
    stray_roles = [name for name in found.roles if _is_ours(name) and name not in wanted.roles]
    commands += [{"command": "deleteRole", "rolename": name} for name in stray_roles]
    return Repairs(commands, lost)


def grants_as_rules(grants: Grants) -> frozenset[tuple[str, str]]:
    """The grants as the broker's lists word them: (acltype, topic)."""
    return frozenset((grant.access.value, grant.topic) for grant in grants)


def access_list(rules: frozenset[tuple[str, str]]) -> list[dict[str, Any]]:
    """The rules as a role carries them, in a fixed order."""
    return [{"acltype": sort, "topic": topic, "priority": 0, "allow": True} for sort, topic in sorted(rules)]


def found_accounts(clients: list[Any], roles: list[Any], access: list[Any]) -> BrokerAccounts:
    """What the answers to `listClients`, `listRoles` (verbose) and `getDefaultACLAccess` state.

    A rule that forbids something, or has a priority, is none of ours: it stands as a rule that nobody wants.
    """
    return BrokerAccounts(
        roles={role["rolename"]: frozenset(_found_rule(rule) for rule in role.get("acls", ())) for role in roles},
        clients={
            client["username"]: BrokerAccount(
                frozenset(role["rolename"] for role in client.get("roles", ())),
                bool(client.get("disabled")),
                client.get("clientid"),
            )
            for client in clients
        },
        default_access={one["acltype"]: bool(one["allow"]) for one in access},
    )


def _found_rule(rule: Mapping[str, Any]) -> tuple[str, str]:
    plain = rule.get("allow") is True and not rule.get("priority")
    return (rule["acltype"] if plain else f"not plain: {rule['acltype']}", rule["topic"])


def _access_repairs(wanted: BrokerAccounts, found: BrokerAccounts) -> Iterator[Command]:
    if dict(found.default_access) != dict(wanted.default_access):
        rules = [{"acltype": sort, "allow": allow} for sort, allow in wanted.default_access.items()]
        yield {"command": "setDefaultACLAccess", "acls": rules}


def _role_repairs(wanted: BrokerAccounts, found: BrokerAccounts) -> Iterator[Command]:
    for name, rules in wanted.roles.items():
        there = found.roles.get(name)
        if there != rules:
            command = "createRole" if there is None else "modifyRole"
            yield {"command": command, "rolename": name, "acls": access_list(rules)}


def _client_repairs(username: str, account: BrokerAccount, there: BrokerAccount) -> Iterator[Command]:
    if there.roles != account.roles:
        yield {"command": "modifyClient", "username": username, "roles": _role_list(account)}
    if account.client_id is not None and there.client_id != account.client_id:  # what was bound by hand stays bound
        yield {"command": "modifyClient", "username": username, "clientid": account.client_id}
    if there.disabled != account.disabled:
        yield {"command": "disableClient" if account.disabled else "enableClient", "username": username}


def _create_client(username: str, account: BrokerAccount, secret: str | None) -> Command:
    command: Command = {"command": "createClient", "username": username, "roles": _role_list(account)}
    if account.client_id is not None:
        command["clientid"] = account.client_id
    return command if secret is None else {**command, "password": secret}


def _role_list(account: BrokerAccount) -> list[dict[str, str]]:
    return [{"rolename": name} for name in sorted(account.roles)]


def _is_ours(role: str) -> bool:
    return role.startswith(ROLE_PREFIX)
