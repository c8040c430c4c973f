"""The most characters a text of the registry may have, in its checks and in its tables."""

from typing import Final

LENGTH: Final = {
    "name": 200, "area": 200, "parent_id": 64, "component_code": 32, "department": 100, "dev_eui": 16, "mn": 24,
    "profile": 64, "kind": 64, "level": 32, "source": 200, "grid": 32, "sparkplug": 200, "owner": 100, "maintainer": 100,
    "component_scheme": 32, "codec": 64, "author": 100, "tag": 64,
}  # fmt: skip
"""By field. A component code has 16 digits in GB/T 30428.2, 19 in Sichuan."""
