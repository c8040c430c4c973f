"""The load that somebody asks for, and the plan of it at any rate."""

import time
from dataclasses import dataclass

from domain.mqtt import MqttEndpoint
from simulators.fleet.kinds import LoadKind
from simulators.fleet.plan import LoadPlan
from simulators.fleet.schedule import PlannedOutage, ProfileName, check_fit, profile_of


@dataclass(frozen=True, slots=True)
class RequestedLoad:
    """What stays the same while the rate is searched for. `connections` 0 is one for each device."""

    endpoint: MqttEndpoint
    kind: LoadKind
    profile: ProfileName
    duration_s: float
    outage: PlannedOutage | None
    devices: int
    connections: int
    processes: int
    probe_every: int
    window: int
    topic_prefix: str

    def plan_for(self, rate: float) -> LoadPlan:
        """The plan at `rate` messages a second. Raises: ConfigurationError where the devices cannot send that much."""
        shape = profile_of(self.profile, rate, self.duration_s, self.outage)
        check_fit(shape.schedule, self.devices)
        return LoadPlan(
            endpoint=self.endpoint,
            kind=self.kind,
            profile=shape,
            devices=self.devices,
            connections=min(self.connections or self.devices, self.devices),
            processes=self.processes,
            probe_every=self.probe_every,
            client_prefix=f"{self.topic_prefix}load-{time.time_ns()}-",
            window=self.window,
        )
