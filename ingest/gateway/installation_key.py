"""The key that all processes of one installation share, and what is derived from it. Pure."""

import hmac
from dataclasses import dataclass, field
from typing import Final

SHORTEST_KEY: Final = 32
"""Characters of a key that somebody chose: what is signed with it is public, and could be guessed at offline."""


@dataclass(frozen=True, slots=True)
class InstallationKey:
    """A secret text; it is never used itself, only keys derived from it, one for each purpose.

    Raises: ValueError for one of fewer than SHORTEST_KEY characters.
    """

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.text) < SHORTEST_KEY:
            raise ValueError(f"an installation's key has at least {SHORTEST_KEY} characters")

    def derived(self, purpose: str) -> bytes:
        """The key for one purpose: 32 bytes, from which neither this key nor that of another purpose can be computed.

        Source: RFC 5869, section 2.3: one block of HKDF-Expand with SHA-256, `purpose` as info.
        """
        return hmac.digest(self.text.encode(), purpose.encode() + b"\x01", "sha256")

    @property
    def name(self) -> str:
        """Eight hexadecimal digits that differ between two keys. Public."""
        return self.derived("urbansense key name")[:4].hex()
