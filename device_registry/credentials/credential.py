"""A credential: what one holder logs in with at the broker, and how long it holds.

        rotate (overlap)                     moment given, or the successor is used
ACTIVE ──────────────────▶ ACTIVE with an end ─────────────────────────────────────▶ REVOKED
   └───────────────────────── revoke: at once ──────────────────────────────────────────▲
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from device_registry.credentials.secrets import SecretHash

SERVICE_MARK: Final = "@"
"""Before the name of a service that holds a credential: `@gateway`. No device id begins with it."""


class Sort(StrEnum):
    """How the broker knows the holder: by a secret, or by the name in a certificate that its listener has checked."""

    SECRET = "secret"
    CERTIFICATE = "certificate"


class CredentialState(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Credential:
    """One way in. `username` is unique among all; a certificate's is the name that the broker reads from it.

    Time: epoch ms. From `ends_at_ms` on it is void; likewise as soon as the credential named by `ends_on_use_of` was
    used. `last_used_at_ms` is when the broker last reported a connection. With a `client_id` the broker lets it in under
    that one only.
    """

    username: str
    holder: str
    sort: Sort
    created_at_ms: int
    state: CredentialState = CredentialState.ACTIVE
    secret: SecretHash | None = None
    fingerprint: str | None = None
    certificate_ends_at_ms: int | None = None
    ends_at_ms: int | None = None
    ends_on_use_of: str | None = None
    last_used_at_ms: int | None = None
    revoked_at_ms: int | None = None
    client_id: str | None = None

    def holds_at(self, now_ms: int) -> bool:
        """Whether it lets its holder in at that moment, as far as it knows itself."""
        ends = (end for end in (self.ends_at_ms, self.certificate_ends_at_ms) if end is not None)
        return self.state is CredentialState.ACTIVE and all(now_ms < end for end in ends)


class Issued(NamedTuple):
    """A new credential and its secret, which nobody can learn again."""

    holder: str
    username: str
    secret: str


def next_username(holder: str, taken: int) -> str:
    """The name of a holder's credential number `taken` + 1: the holder's own, then `<holder>/2`, `<holder>/3`.

    A broker knows one secret a name, so two secrets that hold at once need two names. No device id holds a slash.
    """
    return holder if taken == 0 else f"{holder}/{taken + 1}"
