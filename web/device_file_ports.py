"""What the web needs to bring devices files in and out."""

from typing import BinaryIO, Protocol

from device_registry.bulk.formats import Format
from device_registry.bulk.importing import Import, Options, Progress
from device_registry.device_filter import DeviceFilter


class DeviceFiles(Protocol):
    """The registry, file by file; safe to use from many tasks of one event loop."""

    async def import_file(self, file: BinaryIO, options: Options, *, author: str, progress: Progress) -> Import:
        """As `device_registry.bulk.importing.import_file`, and published unless the log is away; then it is soon after.

        `progress` is called in another thread; what it raises undoes the import. The caller closes the result.
        """

    async def export_file(self, file: BinaryIO, to: Format, wanted: DeviceFilter) -> int:
        """How many devices were written."""
