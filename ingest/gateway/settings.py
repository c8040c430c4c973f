"""What a gateway slot is to the broker: its client id, its own topics, its share of the messages."""

from dataclasses import dataclass, field

from domain.dialects import STATEFUL_FILTERS, UPLINK_FILTERS
from domain.mqtt import CLOCK_TOPIC, SIMULATED_CLOCK_TOPIC, MqttEndpoint
from domain.topics import Topics
from ingest.gateway.installation_key import InstallationKey
from ingest.gateway.mqtt.session import SessionSettings


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """One slot of `slots`. `simulated_clock`: pass on only the simulator's clock, and take it as the time of receipt.

    `former_client_ids` are those under which the broker may still hold a session of the slot.
    """

    slot: int
    endpoint: MqttEndpoint
    topics: Topics
    installation_key: InstallationKey
    receive_maximum: int = 2000
    simulated_clock: bool = False
    end_session: bool = False
    slots: int = 1
    former_client_ids: tuple[str, ...] = field(default=(), repr=False)

    @property
    def most_held(self) -> int:
        """How many refused messages may wait to be counted in one record: few of what the broker has in flight.

        MQTT 3.1.1 has no Receive Maximum, and Mosquitto keeps 20 in flight there.
        """
        return 10 if not self.endpoint.mqtt5 else max(1, self.receive_maximum // 8)

    @property
    def name(self) -> str:
        """What the slot is called in topics, log lines and errors."""
        return f"{self.topics.prefix}urbansense-{self.slot}"

    @property
    def client_id(self) -> str:
        """What the broker knows the session by: whoever knows it can take the session. It is not to be shown anywhere."""
        return f"{self.name}-{self.installation_key.derived(f'urbansense client id of {self.name}')[:16].hex()}"

    @property
    def clock_topic(self) -> str:
        return SIMULATED_CLOCK_TOPIC if self.simulated_clock else CLOCK_TOPIC.format(slot=self.slot)

    @property
    def claim_topic(self) -> str:
        """Where the process that holds the slot publishes its claim, retained."""
        return f"urbansense/slot/{self.name}"

    @property
    def end_topic(self) -> str:
        """Where a process that empties a session publishes its mark."""
        return f"{self.claim_topic}.end"

    @property
    def filters(self) -> tuple[str, ...]:
        """What the slot subscribes to: all messages when it is the only one, else shares, so that slots divide the load.

        Slot 0 has the stateful dialects to itself, all of them.
        Mosquitto (2.0.11, and by its source up to 2.1) does not keep a shared subscription over its own restart.
        """
        uplinks = self._shares if self.slots > 1 else UPLINK_FILTERS
        stateful = STATEFUL_FILTERS if self.slot == 0 else ()
        return (*uplinks, *stateful, self.clock_topic, self.claim_topic)

    @property
    def former_filters(self) -> tuple[str, ...]:
        """What the session may hold from when there were fewer slots, or more, or it was being emptied.

        Only MQTT 5 is sure to know shares.
        """
        if not self.endpoint.mqtt5:
            return ()
        return (*(UPLINK_FILTERS if self.slots > 1 else self._shares), self.end_topic)

    def session(self) -> SessionSettings:
        """The session in which the slot serves."""
        return SessionSettings(
            self.endpoint, self.client_id, self.name, self.filters, self.receive_maximum, self.former_filters
        )

    def leaving(self, client_id: str) -> SessionSettings:
        """The session under this id, which takes no more: only the mark behind what it holds."""
        left = (*UPLINK_FILTERS, *self._shares, *STATEFUL_FILTERS, self.clock_topic, self.claim_topic)
        return SessionSettings(self.endpoint, client_id, self.name, (self.end_topic,), self.receive_maximum, left)

    @property
    def _shares(self) -> tuple[str, ...]:
        return tuple(f"$share/{self.topics.prefix}urbansense/{topic_filter}" for topic_filter in UPLINK_FILTERS)
