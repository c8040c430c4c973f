"""The key of an installation that tests make up."""

from typing import Final

from ingest.gateway.installation_key import InstallationKey

KEY: Final = InstallationKey("the key of an installation that tests make up")
