"""When silence is due next, by device. A timer may stand too early and never too late: whoever is rung looks again."""

import heapq

from rules.engine.device_state import DeviceRuleState
from rules.engine.plans import FOREVER_MS


class Timers:
    """At most one live timer a device, in `DeviceRuleState.timer_ms`; a report moves nothing, so it is cheap."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []

    def set(self, device_state: DeviceRuleState, due_ms: int) -> None:
        """Ring no later than `due_ms`; FOREVER_MS asks for nothing."""
        if due_ms != FOREVER_MS and (device_state.timer_ms is None or due_ms < device_state.timer_ms):
            device_state.timer_ms = due_ms
            heapq.heappush(self._heap, (due_ms, device_state.device_id))

    def ring(self, now_ms: int, device_states: dict[str, DeviceRuleState]) -> list[DeviceRuleState]:
        """The device states whose timer stands at or before `now_ms`; their timers are gone."""
        rung: list[DeviceRuleState] = []
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, device_id = heapq.heappop(self._heap)
            device_state = device_states.get(device_id)
            if device_state is not None and device_state.timer_ms == due_ms:
                device_state.timer_ms = None
                rung.append(device_state)
        return rung
