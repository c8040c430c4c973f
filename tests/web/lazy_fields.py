"""Apps of tests build the validator of a parameter when a request first needs it.

An app has some four hundred of them, which were a quarter of the work of a test that asks one route. `urbansense up`, which
other tests run, and the fuzzed OpenAPI document build all of them.
"""

from functools import cached_property
from typing import Any
from warnings import catch_warnings, simplefilter

import fastapi._compat.v2
from pydantic import ConfigDict, TypeAdapter
from pydantic.warnings import UnsupportedFieldAttributeWarning


class LazyAdapter:
    """A `TypeAdapter` that comes to be with its first use."""

    def __init__(self, annotation: Any, *, config: ConfigDict | None = None) -> None:
        self._made_of = annotation, config

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        annotation, config = self._made_of
        with catch_warnings():  # FastAPI itself silences this one where it builds them
            simplefilter("ignore", UnsupportedFieldAttributeWarning)
            return TypeAdapter(annotation, config=config)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)


def build_validators_late() -> None:
    """For every app of this process from now on."""
    vars(fastapi._compat.v2)["TypeAdapter"] = LazyAdapter
