"""The gateway wired: a slot of the settings, the pipeline behind it, and whether it is connected."""

from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from domain.errors import TransientFault
from domain.mqtt import MqttEndpoint
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.pipeline.message_to_records import Pipeline
from ingest.quotas.bounds import Quotas
from urbansense.configuration.installation import installation_key, previous_installation_key
from urbansense.configuration.settings import Settings
from urbansense.wiring.parts import Parts
from urbansense.wiring.session_record import SessionRecord
from web.ports import ReadinessCheck


async def open_gateway(parts: Parts, endpoint: MqttEndpoint, *, end_session: bool = False) -> Gateway:
    """The slot, once the lookup holds what the log held. Raises: TransientFault where the log does not answer."""
    await parts.lookup.load(parts.log)
    settings = parts.settings
    wanted = GatewaySettings(
        slot=settings.gateway_slot,
        slots=settings.gateway_slots,
        endpoint=endpoint,
        topics=parts.topics,
        installation_key=installation_key(settings),
        receive_maximum=settings.receive_maximum,
        simulated_clock=settings.clock == "simulated",
        end_session=end_session,
    )
    record = SessionRecord(settings.data_dir, wanted)
    former = record.former_client_ids(previous_installation_key(settings))
    return Gateway(
        replace(wanted, former_client_ids=former),
        parts.log,
        Pipeline(parts.topics, parts.lookup, zone=ZoneInfo(settings.timezone), quotas=_quotas(settings)),
        on_emptied=record.write,
    )


def _quotas(settings: Settings) -> Quotas:
    return Quotas(settings.report_quota, settings.rejected_quota_bytes // settings.gateway_slots)


def gateway_checks(gateway: Gateway) -> dict[str, ReadinessCheck]:
    """What `/readyz` says of the slot, by the name of what is checked."""
    return {"MQTT broker": partial(_check_broker, gateway), "clock": partial(_check_clock, gateway)}


async def _check_broker(gateway: Gateway) -> str:
    """One line on the connection. Raises: TransientFault where there is none, or a former session still holds messages."""
    endpoint, slot = gateway.settings.endpoint, gateway.settings.name
    if not gateway.connected:
        raise TransientFault(f"no connection to {endpoint.host}:{endpoint.port}")
    if gateway.counters.former_sessions:
        raise TransientFault(f"what is queued under a former client id of slot {slot} is not yet received to its end")
    return f"connected to {endpoint.host}:{endpoint.port} as slot {slot}"


async def _check_clock(gateway: Gateway) -> str:
    """One line on the gateway's clock. Raises: TransientFault where it jumped, or stands still."""
    return gateway.clock.check()
