"""GeoJSON in and out: a FeatureCollection (RFC 7946) of points, one feature at a time.

The properties are the columns of the file, lon and lat the geometry; `attributes` and `identities` are objects, `tags`
a list. A height is left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

import ijson
import orjson

from device_registry.bulk.columns import COLUMNS, DATUM, GEOMETRY, KNOWN, OF_REFUSED, RowProblem, UnreadableFile
from device_registry.bulk.formats.contract import MOST_ROW_BYTES, RawRow

_PIECE_BYTES: Final = 64 * 1024
_OBJECTS: Final = frozenset({"attributes", "identities"})
_NUMBERS: Final = frozenset({"report_interval_s", "source_lon", "source_lat"})
_PLACE: Final = ("lon", "lat")
_TOO_DEEP: Final = "(nested too deep to be written)"


class GeoJsonReader:
    """`formats.FileReader` of a file that can be sought. `columns` are all that there are."""

    def __init__(self, file: BinaryIO) -> None:
        self.columns: tuple[str, ...] = (*COLUMNS, DATUM)
        self._source = _Bounded(file)
        self._check_kind(file)

    @property
    def position(self) -> int:
        return self._source.position

    def __iter__(self) -> Iterator[RawRow]:
        number = 0
        try:
            for feature in ijson.items(self._source, "features.item", use_float=True, buf_size=_PIECE_BYTES):
                number += 1
                self._source.begin_row()
                yield _read(number, feature)
        except _TooLong as error:
            what = f"the feature is longer than {MOST_ROW_BYTES:,} bytes; nothing behind it was read"
            raise UnreadableFile(RowProblem(number + 1, "", what, "shorten it")) from error
        except (ijson.JSONError, ValueError, ArithmeticError) as error:
            what = (
                f"no JSON between bytes {self._source.row_began:,} and {self._source.position:,}: {_first_line(error)}"
            )
            raise UnreadableFile(RowProblem(number + 1, "", what, "correct the file")) from error

    def _check_kind(self, file: BinaryIO) -> None:
        """Raises: UnreadableFile where the file is something else than a collection with features."""
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        self._source.start = file.tell()
        kind, features = None, False
        try:
            for prefix, event, value in ijson.parse(_Bounded(file), buf_size=_PIECE_BYTES):
                if prefix == "type":
                    kind = value
                features = features or (prefix == "features" and event == "start_array")
                if features or (prefix == "" and event not in ("start_map", "map_key", "end_map")):
                    break
        except _TooLong as error:
            raise UnreadableFile(RowProblem(1, "", "no features within the first bytes", "give them first")) from error
        except (ijson.JSONError, ValueError, ArithmeticError) as error:
            what = f"no JSON: {_first_line(error)}"
            raise UnreadableFile(RowProblem(1, "", what, "give a GeoJSON FeatureCollection in UTF-8")) from error
        file.seek(self._source.start)
        if not features or kind not in (None, "FeatureCollection"):
            what = f"no FeatureCollection{f' but a {kind}' if isinstance(kind, str) else ''}"
            raise UnreadableFile(RowProblem(1, "", what[:200], 'give {"type": "FeatureCollection", "features": […]}'))


class GeoJsonWriter:
    """Rows of cells as a FeatureCollection, a feature to the line, whole once `close` has returned.

    A cell of None is a property left out.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self._file = file
        self._columns = tuple(columns)
        self._file.write(b'{"type":"FeatureCollection","features":[')
        self._separator = b"\n"

    def write(self, rows: Iterable[Sequence[str | None]]) -> None:
        pieces = []
        for row in rows:
            given = {name: cell for name, cell in zip(self._columns, row, strict=False) if cell is not None}
            pieces += [self._separator, _feature(given)]
            self._separator = b",\n"
        self._file.write(b"".join(pieces))

    def close(self) -> None:
        self._file.write(b"\n]}\n")


class _TooLong(Exception):
    """More bytes than a feature may have."""


class _Bounded:
    """The bytes of a file, as long as no feature takes too many of them: what a parser holds is bounded with it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.start = self.position = file.tell()
        self.row_began = self.position

    def begin_row(self) -> None:
        self.row_began = self.position

    def read(self, size: int = -1) -> bytes:
        if self.position - self.row_began > MOST_ROW_BYTES + _PIECE_BYTES:
            raise _TooLong
        piece = self._file.read(size)
        self.position += len(piece)
        return piece


def _read(number: int, feature: Any) -> RawRow:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return _refused(number, {}, "", "not a Feature", 'write {"type": "Feature", "geometry": …, "properties": …}')
    properties = feature.get("properties")
    if not isinstance(properties, dict | None):
        return _refused(number, {}, "", "its properties are no object", "write the columns as properties")
    given = properties or {}
    errors: list[RowProblem] = []
    cells = {name: _cell(number, name, value, errors) for name, value in given.items() if name in KNOWN}
    if "device_id" not in cells and isinstance(feature.get("id"), str | int):
        cells["device_id"] = str(feature["id"])
    errors += (
        RowProblem(number, name[:80], "the property is not known", "leave it out, or put it into attributes")
        for name in given
        if name not in KNOWN
    )
    _read_geometry(number, feature.get(GEOMETRY), cells, errors)
    return RawRow(number, cells, (), tuple(errors))


def _read_geometry(number: int, geometry: Any, cells: dict[str, str], errors: list[RowProblem]) -> None:
    """lon and lat of a point; of another geometry an error, and the geometry itself to be given back."""
    if geometry is None:
        return
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    at = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if kind != "Point":
        what = f"its geometry is a {kind}" if isinstance(kind, str) else "its geometry is none"
        errors.append(RowProblem(number, GEOMETRY, what[:100], "a device stands at a Point, or nowhere: null"))
    elif not isinstance(at, list) or not 2 <= len(at) <= 3 or not all(_is_number(one) for one in at):
        errors.append(RowProblem(number, GEOMETRY, "its coordinates are no [lon, lat]", "write two numbers"))
    else:
        cells["lon"], cells["lat"] = repr(at[0]), repr(at[1])
        return
    cells[GEOMETRY] = _json(geometry)


def _cell(number: int, name: str, value: Any, errors: list[RowProblem]) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool() if name not in OF_REFUSED:
            errors.append(RowProblem(number, name, "true or false where a text or number belongs", "write a text"))
            return str(value).lower()
        case int() | float() if _is_number(value):
            return str(value)
        case dict() if name in _OBJECTS:
            return _json(value)
        case list() if name == "tags" and all(isinstance(tag, str) for tag in value):
            if any("," in tag for tag in value):
                errors.append(RowProblem(number, name, "a tag holds a comma", "leave it out"))
            return ",".join(value)
        case _:
            errors.append(RowProblem(number, name, "not what belongs there", "write a text or a number"))
            return _json(value)


def _json(value: Any) -> str:
    """The value as JSON; as Python writes it where that has no word for it, such as a number beyond 64 bits."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        try:
            return repr(value)
        except RecursionError:
            return _TOO_DEEP


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [repr(error)])[0][:200]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0


def _refused(number: int, cells: dict[str, str], column: str, what: str, remedy: str) -> RawRow:
    return RawRow(number, cells, (), (RowProblem(number, column, what, remedy),))


def _feature(cells: Mapping[str, str]) -> bytes:
    properties: dict[str, Any] = {
        name: _value(name, cell) for name, cell in cells.items() if name not in (*_PLACE, GEOMETRY)
    }
    geometry = _parsed(cells.get(GEOMETRY, ""))
    if not isinstance(geometry, dict):
        at = [_parsed(cells.get(name, "")) for name in _PLACE]
        geometry = {"type": "Point", "coordinates": at} if all(map(_is_number, at)) else None
        if geometry is None:
            properties |= {name: cells[name] for name in _PLACE if cells.get(name)}
    return orjson.dumps({"type": "Feature", "geometry": geometry, "properties": properties})


def _value(name: str, cell: str) -> Any:
    if name == "tags":
        return cell.split(",") if cell else []
    if not cell:
        return None
    if name in _OBJECTS or name in _NUMBERS:
        read = _parsed(cell)
        return cell if read is None else read
    return cell


def _parsed(cell: str) -> Any:
    try:
        return orjson.loads(cell) if cell else None
    except orjson.JSONDecodeError:
        return None
