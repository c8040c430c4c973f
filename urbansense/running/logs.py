"""How the log of a process looks: one line an event on standard error, in colour on a terminal, JSON elsewhere."""

import logging
import sys

import structlog


def configure_logging(level: str) -> None:
    """Set up structlog for this process. Secrets never reach it: settings print them as `***`."""
    colour = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if colour else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    for noisy in ("amqtt", "transitions", "aiokafka"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # it logs our own way to stop as an error
