"""Mosquitto's `dynamic-security.json`: all accounts with their hashes, for a broker that starts from nothing.

The way in for thousands at once, too: the broker writes the whole file anew at every command (checked on 2.0.11), so the
time that commands take grows with the square of the accounts.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from device_registry.credentials.broker_accounts import BrokerAccounts, access_list
from device_registry.credentials.secrets import SecretHash

ADMIN_ROLE: Final = "admin"
_ADMIN_TOPICS: Final = ("$CONTROL/dynamic-security/#", "$SYS/#")
_ADMIN_RULES: Final = frozenset(
    (sort, topic) for topic in _ADMIN_TOPICS for sort in ("publishClientReceive", "subscribePattern")
) | {("publishClientSend", "$CONTROL/dynamic-security/#")}


def broker_file(
    wanted: BrokerAccounts, hashes: Mapping[str, SecretHash], admin: tuple[str, SecretHash] | None = None
) -> bytes:
    """The file for the accounts, and for the account of who provisions, which may command and read `$SYS` only.

    `hashes` by username; an account without one can be used with a certificate only.
    """
    clients = [
        {
            "username": username,
            "roles": [{"rolename": role} for role in sorted(account.roles)],
            **({"disabled": True} if account.disabled else {}),
            **({"clientid": account.client_id} if account.client_id is not None else {}),
            **_hash(hashes.get(username)),
        }
        for username, account in sorted(wanted.clients.items())
    ]
    roles = [{"rolename": name, "acls": access_list(rules)} for name, rules in sorted(wanted.roles.items())]
    if admin is not None:
        clients.append({"username": admin[0], "roles": [{"rolename": ADMIN_ROLE}], **_hash(admin[1])})
        roles.append({"rolename": ADMIN_ROLE, "acls": access_list(_ADMIN_RULES)})
    document = {"defaultACLAccess": dict(wanted.default_access), "clients": clients, "groups": [], "roles": roles}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _hash(kept: SecretHash | None) -> dict[str, Any]:
    if kept is None:
        return {}
    return {"password": kept.digest, "salt": kept.salt, "iterations": kept.iterations}
