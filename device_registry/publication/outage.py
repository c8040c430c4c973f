"""How an outage of a server shows in the log: one line when it begins and one when it is over."""

import structlog

from domain.retry import Outage

_log = structlog.get_logger()


def logged_outage(work: str) -> Outage:
    """An outage that is logged as that of `work`, such as `publishing registry.devices`."""
    return Outage(
        lambda fault: _log.warning("waiting", work=work, error=str(fault)),
        lambda: _log.info("working again", work=work),
    )
