"""What a device is known by in its messages: its own id, or a name that another system gave it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

_EUI: Final = re.compile(r"[0-9a-f]{16}")
_EUI_SEPARATORS: Final = re.compile(r"[-:.\s]")


@dataclass(frozen=True, slots=True, eq=False)
class IdentityScheme:
    """One sort of identity: where it stands, what it is called, and what it must look like.

    `column` names the field of `Device`, and with it the column of table, devices file and JSON. `label` is its name in
    the registry's messages, `noun` in those of rejections. A value is compared in the form that `normalise` gives; what
    it cannot read it leaves as it is. `syntax` is matched against that whole form, None where any text will do, and
    `remedy` is how to write it right. `longest` is in characters.
    """

    column: str
    label: str
    noun: str
    longest: int
    syntax: re.Pattern[str] | None = None
    remedy: str = ""
    normalise: Callable[[str], str] = str
    has_fixed_form: bool = False
    """Whether `syntax` alone settles length and characters."""
    in_every_file: bool = True
    """Whether every devices file has the column; where one may lack it, known devices keep what they have."""
    is_searched: bool = True
    """Whether a search by text looks at it."""

    def of(self, value: str) -> "Identity":
        return Identity(self, value)


class Identity(NamedTuple):
    """One name under its scheme, as a message gave it."""

    scheme: IdentityScheme
    value: str


def normalise_eui(dev_eui: str) -> str | None:
    """The 16 lower-case hexadecimal digits of a LoRaWAN EUI, separators left out; None where it is not one."""
    digits = _EUI_SEPARATORS.sub("", dev_eui).lower()
    return digits if _EUI.fullmatch(digits) else None


OWN_ID: Final = IdentityScheme("device_id", "id", "device", longest=64)
"""The registry's own id of a device; `domain.devices.DEVICE_ID` is its syntax."""

DEV_EUI: Final = IdentityScheme(
    "dev_eui", "EUI", "device EUI", longest=16,
    syntax=_EUI, remedy="give its 16 hexadecimal digits", has_fixed_form=True,
    normalise=lambda dev_eui: normalise_eui(dev_eui) or dev_eui,
)  # fmt: skip
MN: Final = IdentityScheme("mn", "MN", "MN", longest=24)
SPARKPLUG_PATH: Final = IdentityScheme(
    "sparkplug", "Sparkplug path", "Sparkplug path", longest=200,
    syntax=re.compile(r"[^/+#]+/[^/+#]+(/[^/+#]+)?"), remedy="write group/edge or group/edge/device",
    in_every_file=False, is_searched=False,
)  # fmt: skip

SCHEMES: Final = (DEV_EUI, MN, SPARKPLUG_PATH)
"""The names beside a device's own id, in the order of their columns. Each value belongs to one device that is not retired.

A further scheme is one line here, a field of `Device` of the same name, and a migration that adds its column.
"""
