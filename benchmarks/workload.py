"""The one workload of the gateway's bench: lamps that each report five quantities, over native JSON."""

import json
from collections.abc import Iterator

from domain.devices import Device, DeviceState, Profile
from domain.identities import OWN_ID, Identity

DEVICES = 10_000
T0_MS = 1_763_772_000_000


def device_ids() -> Iterator[str]:
    return (f"SL-320582-{i:06d}" for i in range(DEVICES))


def readings(step: int) -> dict[str, float]:
    return {
        "voltage": 229.1,
        "current": 0.42,
        "active_power": 96.2 + step % 7,
        "dimming_level": 80.0,
        "gear_temperature": 23.1,
    }


def topic(device_id: str) -> str:
    return f"city/320582/streetlight/{device_id}/up"


def single(step: int, now_ms: int) -> bytes:
    """One report as one message."""
    return json.dumps({"ts": now_ms + step, "seq": step, "readings": readings(step)}, separators=(",", ":")).encode()


def batch(step: int, now_ms: int) -> bytes:
    """Ten reports (fifty readings) of one device as one message."""
    reports = [{"ts": now_ms + step + 1000 * i, "seq": i, "readings": readings(i)} for i in range(10)]
    return json.dumps(reports, separators=(",", ":")).encode()


class StaticLookup:
    """The workload's devices; the real lookup answers from a dict just like this."""

    version = 1

    def __init__(self) -> None:
        self._devices = {
            device_id: Device(
                device_id, "streetlight", "streetlight", area="320582/110/152/102", state=DeviceState.ACTIVE
            )
            for device_id in device_ids()
        }
        self._profile = Profile("streetlight", "streetlight")

    def device(self, device_id: str) -> Device | None:
        return self._devices.get(device_id)

    def find(self, identity: Identity) -> Device | None:
        return self.device(identity.value) if identity.scheme is OWN_ID else None

    def profile(self, name: str) -> Profile | None:
        return self._profile
