"""Claims to a slot: which of two processes that hold one slot gives way (docs/adr/0014). Pure."""

import hmac
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import orjson

from ingest.gateway.installation_key import InstallationKey

_LONGEST: Final = 512
_NEWEST_NS: Final = 1 << 63
_AHEAD_NS: Final = 5_000_000_000
_KEY_NAME: Final = re.compile("[0-9a-f]{8}")


class ClaimFault(StrEnum):
    """Why a claim does not count."""

    UNREADABLE = "unreadable"
    FOREIGN_KEY = "foreign_key"
    WRONG_SIGNATURE = "wrong_signature"
    AHEAD = "ahead"

    @property
    def meaning(self) -> str:
        """What may be behind it, and what to do."""
        return _MEANINGS[self]


_MEANINGS: Final = {
    ClaimFault.UNREADABLE: "no process of urbansense wrote that: see who may publish below urbansense/",
    ClaimFault.FOREIGN_KEY: "another installation key is in use for this slot: give all machines of one installation the "
    "same URBANSENSE_INSTALLATION_KEY, and every installation a topic prefix of its own",
    ClaimFault.WRONG_SIGNATURE: "a forgery, or the claim of another slot: see who may publish below urbansense/",
    ClaimFault.AHEAD: "written by a clock that is ahead of this machine's: compare the clocks",
}


@dataclass(frozen=True, slots=True)
class Claims:
    """Writes and reads the claims to one slot under the key of the installation.

    A claim is `{"since_ns":…,"key":…,"mac":…}`: when its process began (epoch ns), the name of its key, and the
    HMAC-SHA256 over the slot's name, that time and the client id.
    """

    key: InstallationKey
    slot_name: str
    client_id: str = field(repr=False)

    def write(self, since_ns: int) -> bytes:
        """The claim of a process that began at `since_ns`."""
        return orjson.dumps({"since_ns": since_ns, "key": self.key.name, "mac": self._mac(since_ns)})

    def read(self, payload: bytes, now_ns: int) -> int | ClaimFault:
        """When the process began whose claim this is, or why it does not count. Never raises.

        Time: one from more than five seconds ahead of `now_ns` does not count; one from long ago does, and hurts nobody.
        """
        found = _fields(payload)
        if found is None:
            return ClaimFault.UNREADABLE
        since_ns, key_name, mac = found
        if key_name != self.key.name:
            return ClaimFault.FOREIGN_KEY
        if not hmac.compare_digest(mac.encode(), self._mac(since_ns).encode()):
            return ClaimFault.WRONG_SIGNATURE
        return since_ns if since_ns <= now_ns + _AHEAD_NS else ClaimFault.AHEAD

    def _mac(self, since_ns: int) -> str:
        signed = orjson.dumps([self.slot_name, since_ns, self.client_id])
        return hmac.digest(self.key.derived("urbansense slot claim"), signed, "sha256").hex()


def _fields(payload: bytes) -> tuple[int, str, str] | None:
    """The three fields as a claim has them; None where anything is missing or of another type."""
    if len(payload) > _LONGEST:
        return None
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict):
        return None
    since_ns, key_name, mac = (document.get(name) for name in ("since_ns", "key", "mac"))
    if type(since_ns) is not int or not 0 <= since_ns < _NEWEST_NS:
        return None
    if not isinstance(key_name, str) or not isinstance(mac, str) or not _KEY_NAME.fullmatch(key_name):
        return None
    return since_ns, key_name, mac
