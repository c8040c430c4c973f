"""The registry's database, lent to the cases."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine

from device_registry.storage.database import prepare, reading, writing


class SharedDatabase:
    """A `cases.storage.Database` over the registry's engine, with its transactions and its faults."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def prepare(self, step: Callable[[], None]) -> None:
        prepare(self._engine, step)

    def reading(self) -> AbstractContextManager[Connection]:
        return reading(self._engine)

    def writing(self) -> AbstractContextManager[Connection]:
        return writing(self._engine)
