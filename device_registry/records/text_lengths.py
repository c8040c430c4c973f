"""The most characters a text of the registry may have, in its checks and in its tables."""

from typing import Final

from domain.identities import SCHEMES

LENGTH: Final = {
    "name": 200, "area": 200, "parent_id": 64, "component_code": 32, "department": 100,
    "profile": 64, "kind": 64, "level": 32, "source": 200, "grid": 32, "owner": 100, "maintainer": 100,
    "component_scheme": 32, "codec": 64, "author": 100, "tag": 64,
    **{scheme.column: scheme.longest for scheme in SCHEMES},
}  # fmt: skip
"""By field. A component code has 16 digits in GB/T 30428.2, 19 in Sichuan."""
