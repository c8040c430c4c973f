"""The targets by name. A further one stands in a module of this folder and in its TARGETS."""

from typing import Final

from tests.fuzz.target import Target
from tests.fuzz.targets import dialects, documents, files, log_records, requests, texts

TARGETS: Final[dict[str, Target]] = {
    target.name: target
    for module in (dialects, documents, files, log_records, requests, texts)
    for target in module.TARGETS
}
