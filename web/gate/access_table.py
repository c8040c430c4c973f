"""Who may ask for what: one line for each method and path. What is not listed is refused, so a new route needs its line.

A path is the route's own template; `{name}` stands for one piece, `{rest:path}` for all that follows. A caller needs one of
the roles, and a token one of the scopes. Everything but reading is written into the audit log after the answer, unless the
route does so itself, in the transaction of what it changes.
"""

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from accounts import Scope
from accounts.users.user import PEOPLE_ROLES
from domain.actors import Role

_PIECE: Final = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """What one route needs. `public`: nothing. `loopback`: nothing from this machine itself. `audited`: by the gate.

    `optional`: nothing, but who may have it is shown more. `open_ended`: its answer lasts, and a caller has only so many.
    """

    method: str
    path: str
    scopes: Set[Scope] = frozenset()
    roles: Set[Role] = PEOPLE_ROLES
    public: bool = False
    loopback: bool = False
    optional: bool = False
    open_ended: bool = False
    audited: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", _pattern(self.path))

    @property
    def rank(self) -> tuple[int, int]:
        """Literal paths before patterns, pieces before `{rest:path}`."""
        return (":path}" in self.path, len(_PIECE.findall(self.path)))


class AccessTable:
    """Entries, found by what is asked for."""

    def __init__(self, entries: Iterable[AccessEntry]) -> None:
        self.entries: Sequence[AccessEntry] = sorted(entries, key=lambda entry: entry.rank)

    def find(self, method: str, path: str) -> AccessEntry | None:
        """The entry of a request; HEAD is as GET."""
        asked = "GET" if method == "HEAD" else method
        return next((one for one in self.entries if one.method == asked and one.pattern.fullmatch(path)), None)


def _pattern(path: str) -> re.Pattern[str]:
    parts, end = [], 0
    for match in _PIECE.finditer(path):
        parts += [re.escape(path[end : match.start()]), ".*" if match[2] else "[^/]+"]
        end = match.end()
    return re.compile("".join([*parts, re.escape(path[end:])]), re.DOTALL)


_KEEPERS: Final = frozenset({Role.OPERATOR, Role.ADMINISTRATOR})
_ADMINISTRATOR: Final = frozenset({Role.ADMINISTRATOR})
_ANY: Final = frozenset(Scope)


def _public(*routes: str) -> Iterator[AccessEntry]:
    for method, path in map(str.split, routes):
        yield AccessEntry(method, path, public=True)


def _read(*paths: str, scopes: Set[Scope] = frozenset({Scope.READ})) -> Iterator[AccessEntry]:
    for path in paths:
        yield AccessEntry("GET", path, scopes)


def _asked(*routes: str) -> Iterator[AccessEntry]:
    """Reading with a body."""
    for method, path in map(str.split, routes):
        yield AccessEntry(method, path, frozenset({Scope.READ}))


def _changes(scope: Scope, roles: Set[Role], *routes: str, audited: bool = True) -> Iterator[AccessEntry]:
    for method, path in map(str.split, routes):
        yield AccessEntry(method, path, frozenset({scope}), roles, audited=audited)


def _cases(scopes: Set[Scope], *routes: str) -> Iterator[AccessEntry]:
    """The workflow's own table decides who may do what to a case; the case store writes the audit log."""
    for method, path in map(str.split, routes):
        yield AccessEntry(method, path, scopes)


_V1: Final = "/api/v1"
_REPORTERS: Final = PEOPLE_ROLES - {Role.VIEWER}
_REPORTING: Final = frozenset({Scope.CASES_REPORT, Scope.CASES_ACT})

ACCESS: Final = AccessTable(
    (
        *_public("GET /healthz", "GET /api/docs", "GET /api/openapi.json", "GET /favicon.ico"),
        *_public("GET /login", "POST /login", f"POST {_V1}/login", f"POST {_V1}/logout"),
        *_public(f"GET {_V1}/login/oidc", f"GET {_V1}/login/oidc/callback"),
        AccessEntry("GET", "/readyz", frozenset({Scope.READ}), optional=True),
        AccessEntry("GET", "/metrics", frozenset({Scope.READ}), loopback=True),
        # The live page and what it loads.
        *_read("/", "/console/{page}", "/_nicegui/{rest:path}", "/_nicegui_ws/{rest:path}"),
        AccessEntry("POST", "/_nicegui_ws/{rest:path}", frozenset({Scope.READ})),
        # Whoever works here.
        *_read(f"{_V1}/me", scopes=_ANY),
        *_changes(Scope.PEOPLE, PEOPLE_ROLES, f"POST {_V1}/me/password", f"POST {_V1}/me/logout", audited=False),
        *_read(f"{_V1}/people/departments", f"{_V1}/people/tokens"),
        *_changes(
            Scope.PEOPLE, PEOPLE_ROLES, f"POST {_V1}/people/tokens", f"POST {_V1}/people/tokens/{{token_id}}/revoke",
            audited=False,
        ),
        *_changes(
            Scope.PEOPLE, _ADMINISTRATOR, f"GET {_V1}/people/users", f"POST {_V1}/people/users",
            f"GET {_V1}/people/users/{{username}}", f"PATCH {_V1}/people/users/{{username}}",
            f"POST {_V1}/people/users/{{username}}/password", f"POST {_V1}/people/users/{{username}}/logout",
            f"PUT {_V1}/people/departments/{{name}}", audited=False,
        ),
        *_changes(Scope.AUDIT, _ADMINISTRATOR, f"GET {_V1}/audit", f"GET {_V1}/audit/verify", audited=False),
        # Telemetry, events, rules.
        *_read(f"{_V1}/events", f"{_V1}/events/{{event_id}}", f"{_V1}/events/{{event_id}}/explain"),
        AccessEntry("GET", f"{_V1}/stream", frozenset({Scope.READ}), open_ended=True),
        *_read(f"{_V1}/ledger", f"{_V1}/rejected", f"{_V1}/ngsi-ld/entities", "/sta/v1.1", "/sta/v1.1/{rest:path}"),
        *_asked("POST /sta/v1.1", "PUT /sta/v1.1", "PATCH /sta/v1.1", "DELETE /sta/v1.1"),
        *_asked("POST /sta/v1.1/{rest:path}", "PUT /sta/v1.1/{rest:path}", "PATCH /sta/v1.1/{rest:path}"),
        *_asked("DELETE /sta/v1.1/{rest:path}"),
        *_changes(Scope.DEVICES, _KEEPERS, f"POST {_V1}/rejected/replay"),
        *_read(f"{_V1}/rules", f"{_V1}/rules/{{name}}", f"{_V1}/rules/{{name}}/versions"),
        *_read(f"{_V1}/rules/{{name}}/why-not", f"{_V1}/calendars", f"{_V1}/calendars/{{name}}", f"{_V1}/silences"),
        *_asked(f"POST {_V1}/rules/{{name}}/backtest"),
        *_changes(
            Scope.RULES, _KEEPERS, f"POST {_V1}/rules", f"POST {_V1}/rules/{{name}}/rollback",
            f"POST {_V1}/rules/{{name}}/mode", f"DELETE {_V1}/rules/{{name}}", f"DELETE {_V1}/calendars/{{name}}",
            f"POST {_V1}/silences", f"POST {_V1}/silences/{{silence_id}}/end",
        ),
        # The registry.
        *_read(f"{_V1}/devices", f"{_V1}/devices/{{device_id}}", f"{_V1}/devices/{{device_id}}/telemetry"),
        *_read(f"{_V1}/devices/{{device_id}}/health", f"{_V1}/devices/{{device_id}}/history"),
        *_read(f"{_V1}/devices/history", f"{_V1}/devices/statistics", f"{_V1}/devices/export"),
        *_asked(f"POST {_V1}/devices/search"),
        *_changes(
            Scope.DEVICES, _KEEPERS, f"POST {_V1}/devices", f"PUT {_V1}/devices/{{device_id}}",
            f"PATCH {_V1}/devices/{{device_id}}", f"DELETE {_V1}/devices/{{device_id}}", f"POST {_V1}/devices/verify",
            f"POST {_V1}/devices/import", f"POST {_V1}/devices/import/file",
        ),
        *_read(f"{_V1}/areas", f"{_V1}/areas/history", f"{_V1}/profiles", f"{_V1}/profiles/{{name}}"),
        *_read(f"{_V1}/profiles/{{name}}/history", f"{_V1}/pending-devices"),
        *_changes(
            Scope.DEVICES, _ADMINISTRATOR, f"PUT {_V1}/areas", f"DELETE {_V1}/areas",
            f"PUT {_V1}/profiles/{{name}}", f"DELETE {_V1}/profiles/{{name}}",
        ),
        *_changes(
            Scope.DEVICES, _KEEPERS, f"POST {_V1}/pending-devices/{{name}}/accept",
            f"POST {_V1}/pending-devices/{{name}}/refuse", f"DELETE {_V1}/pending-devices/{{name}}",
        ),
        *_changes(
            Scope.DEVICES, _ADMINISTRATOR, f"GET {_V1}/credentials", f"GET {_V1}/credentials/missing",
            f"GET {_V1}/credentials/history", audited=False,
        ),
        *_changes(
            Scope.DEVICES, _ADMINISTRATOR, f"POST {_V1}/credentials", f"POST {_V1}/credentials/rotate",
            f"POST {_V1}/credentials/revoke", f"POST {_V1}/credentials/certificates", f"POST {_V1}/credentials/sync",
            f"GET {_V1}/credentials/broker-file",
        ),
        # Cases.
        *_read(f"{_V1}/cases", f"{_V1}/cases/workload", f"{_V1}/cases/{{case}}", f"{_V1}/cases/{{case}}/transitions"),
        *_read(f"{_V1}/cases/statistics", f"{_V1}/cases/policy"),
        *_read(f"{_V1}/appraisal", f"{_V1}/appraisal.csv", f"{_V1}/appraisal.html"),
        *_read(f"{_V1}/cases/{{case}}/attachments", f"{_V1}/cases/{{case}}/attachments/{{attachment_id}}"),
        *_changes(Scope.CASES_REPORT, _REPORTERS, f"POST {_V1}/cases", audited=False),
        *_cases(_REPORTING, f"POST {_V1}/cases/{{case}}/attachments"),
        *_cases(frozenset({Scope.CASES_ACT}), f"POST {_V1}/cases/{{case}}/transitions"),
        *_changes(
            Scope.PEOPLE, _ADMINISTRATOR, f"GET {_V1}/notifications", f"POST {_V1}/notifications/retry", audited=False,
        ),
        *_changes(
            Scope.PEOPLE, PEOPLE_ROLES, f"GET {_V1}/notifications/preferences/{{username}}",
            f"PUT {_V1}/notifications/preferences/{{username}}", audited=False,
        ),
    )
)  # fmt: skip
