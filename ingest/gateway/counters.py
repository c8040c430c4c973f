"""What a gateway slot counts since its process began."""

from collections import Counter
from dataclasses import dataclass, field

from ingest.gateway.claim import ClaimFault


@dataclass(slots=True)
class GatewayCounters:
    """Messages, not reports. `former_sessions` are those of former client ids whose queue is not received to the end."""

    received: int = 0
    acknowledged: int = 0
    ticks: int = 0
    last_tick_ms: int = 0
    reconnects: int = -1
    claims_ignored: Counter[ClaimFault] = field(default_factory=Counter)
    former_sessions: int = 0
