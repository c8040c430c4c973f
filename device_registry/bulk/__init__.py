"""Devices in bulk: files into the registry and out of it (for operators: docs/registry-import.md).

Public surface:
    formats.contract    Format, format_of             CSV, XLSX, GeoJSON
    importing           import_file, Import, Options  a file, one transaction, memory flat
    exporting           export_file                   the same file out
    refused             RefusedFile                   the rows that were refused, to correct and feed back
    datums              to_wgs84                      GCJ-02 and BD-09 to WGS 84
"""
