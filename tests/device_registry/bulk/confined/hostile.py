"""Devices files that were made to harm whoever reads them: small on the disk, endless or huge when read."""

import io
import zipfile
from collections.abc import Mapping

from device_registry.bulk.columns import BASE
from tests.device_registry.bulk.files import xlsx_file

_HEADER_ROW = '<row r="1">' + "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in BASE) + "</row>"
_SHEET = "xl/worksheets/sheet1.xml"


def repacked(changed: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A good workbook of one row with some parts changed, or added."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_file({"device_id": "SL-1", "kind": "streetlight"}))) as good,
        zipfile.ZipFile(file, "w", method) as archive,
    ):
        for name in [*good.namelist(), *(name for name in changed if name not in good.namelist())]:
            archive.writestr(name, changed.get(name) or good.read(name))
    return file.getvalue()


def sheet(rows: str, before: str = "") -> bytes:
    """A workbook with those rows behind the header."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = f'{before}<worksheet xmlns="{space}"><sheetData>{_HEADER_ROW}{rows}</sheetData></worksheet>'
    return repacked({_SHEET: text.encode()})


def part(name: str, repeated: str, times: int) -> bytes:
    """A workbook with one part of that many tags."""
    return repacked({name: f"<all>{repeated * times}</all>".encode()})


def in_feature(properties: str) -> bytes:
    """A GeoJSON file of one feature with those properties."""
    feature = '{"type": "Feature", "geometry": null, "properties": {"device_id": "SL-1", "kind": "streetlight"'
    return f'{{"type": "FeatureCollection", "features": [{feature}, {properties}}}}}]}}'.encode()
