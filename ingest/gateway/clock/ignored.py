"""Why a message on the clock's topic did not count."""

from enum import StrEnum


class IgnoredClock(StrEnum):
    """What is acknowledged, counted under this reason, and moves nothing.

    UNREADABLE: no clock message at all. UNKNOWN: a nonce that this process never sent, or has forgotten: of a process
    before it, out of the session's queue, or a stranger's. COPY: a nonce that has counted. UNASSURED: at QoS 0, which
    overtakes what waits in the broker's queue. Of a simulator's time only: BACKWARDS, and ABSURD for one that no reading
    could have.
    """

    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    COPY = "copy"
    UNASSURED = "unassured"
    BACKWARDS = "backwards"
    ABSURD = "absurd"
