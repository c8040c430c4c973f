"""Everything that the API asks of the registry."""

from dataclasses import dataclass

from device_registry.credentials.service import CredentialService
from device_registry.pending.service import PendingService
from device_registry.service.directory import RegistryDirectory
from device_registry.service.files import DeviceFileService
from device_registry.service.registry import RegistryService


@dataclass(frozen=True, slots=True)
class RegistryServices:
    """The devices as a list, each record with its history, devices files, credentials, and devices not registered yet."""

    directory: RegistryDirectory
    records: RegistryService
    files: DeviceFileService
    credentials: CredentialService
    pending: PendingService
