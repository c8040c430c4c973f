"""Rows into a table, given column by column: one statement, which costs as much as thousands of such rows."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]


def insert_columns(connection: duckdb.DuckDBPyConnection, table: str, columns: Columns) -> None:
    """Append rows given column by column, all of one length, under the table's column names."""
    connection.register("arriving", columns)
    try:
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving")
    finally:
        with suppress(duckdb.Error):  # of a database that the insert's error made useless
            connection.unregister("arriving")


def texts(values: Sequence[str | None]) -> NDArray[Any]:
    """A column of texts; None stands for NULL."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
