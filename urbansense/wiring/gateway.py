"""The gateway wired: a slot of the settings, the pipeline behind it, and whether it is connected."""

from zoneinfo import ZoneInfo

from domain.errors import TransientFault
from domain.mqtt import MqttEndpoint
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.pipeline.message_to_records import Pipeline
from ingest.quotas.bounds import Quotas
from urbansense.configuration.installation import installation_key
from urbansense.configuration.settings import Settings
from urbansense.wiring.parts import Parts


async def open_gateway(parts: Parts, endpoint: MqttEndpoint, *, end_session: bool = False) -> Gateway:
    """The slot, once the lookup holds what the log held. Raises: TransientFault where the log does not answer."""
    await parts.lookup.load(parts.log)
    settings = parts.settings
    return Gateway(
        GatewaySettings(
            slot=settings.gateway_slot,
            slots=settings.gateway_slots,
            endpoint=endpoint,
            topics=parts.topics,
            installation_key=installation_key(settings),
            receive_maximum=settings.receive_maximum,
            simulated_clock=settings.clock == "simulated",
            end_session=end_session,
        ),
        parts.log,
        Pipeline(parts.topics, parts.lookup, zone=ZoneInfo(settings.timezone), quotas=_quotas(settings)),
    )


def _quotas(settings: Settings) -> Quotas:
    return Quotas(settings.report_quota, settings.rejected_quota_bytes // settings.gateway_slots)


async def check_gateway(gateway: Gateway) -> str:
    """One line on the connection. Raises: TransientFault where there is none."""
    endpoint = gateway.settings.endpoint
    if not gateway.connected:
        raise TransientFault(f"no connection to {endpoint.host}:{endpoint.port}")
    return f"connected to {endpoint.host}:{endpoint.port} as slot {gateway.settings.name}"


async def check_clock(gateway: Gateway) -> str:
    """One line on the gateway's clock. Raises: TransientFault where it jumped, or stands still."""
    return gateway.clock.check()
