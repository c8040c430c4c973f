"""The error tree, classed by what the caller does.

    UrbansenseError
    ├── ConfigurationError   refuse to start; lists every problem at once
    │   ├── InUse            another process holds what serves only one; it may let go soon
    │   └── UnknownUnit      a unit that cannot be converted to the canonical one
    ├── Unreadable           a message that becomes a `Rejection`; carries the reason
    ├── TransientFault       retried in the one place that retries (`domain.retry`)
    └── Fenced               another process took over our transactional id; stop at once

Anything else is a bug and crashes loudly. Rejected data is a value (`domain.rejections.Rejection`), not an exception
beyond the codec that found it.
"""

from collections.abc import Sequence
from pathlib import Path

from domain.rejections import Reason


class UrbansenseError(Exception):
    """The root: whatever urbansense itself raises on purpose."""


class ConfigurationError(UrbansenseError):
    """Settings or documents that cannot be run; `problems` holds one sentence for each, never empty."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class InUse(ConfigurationError):
    """Another process holds what serves one process only; it may let go soon, as a command does when it is done."""


class UnknownUnit(ConfigurationError):
    """A unit that is not known or not of the canonical unit's dimension."""


class Unreadable(UrbansenseError):
    """A message that no codec can turn into reports. Becomes a record of `telemetry.rejected`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}")


class TransientFault(UrbansenseError):
    """A server that did not answer as it should now but may later: broker, log or store down or overloaded."""


class Fenced(UrbansenseError):
    """A newer process holds the same transactional id; nothing more may be written by this one."""


def disk_full(folder: Path, free_bytes: int) -> str:
    """How a full disk is named, wherever it shows."""
    return f"disk full: {folder}, {free_bytes} bytes free"


def leaves(error: BaseException) -> list[BaseException]:
    """The errors inside a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]
