"""The licences that distributions declare about themselves, and those that urbansense may be given out with."""

import re
from importlib.metadata import PackageMetadata
from typing import Final

ALLOWED: Final = (
    "0BSD", "Apache", "BSD", "CC0-1.0", "EPL-2.0 OR BSD", "Freely Distributable", "ISC", "LGPL", "GNU LGPL", "MIT", "MPL",
    "Mozilla Public License", "PSF", "Public Domain", "Python Software Foundation", "Unlicense", "Zlib",
    "GNU Library or Lesser",
)  # fmt: skip
"""Beginnings of what may stand in a runtime dependency's licence: permissive, or copyleft of files or libraries."""

_CLASSIFIER: Final = "License :: "


def licence_of(metadata: PackageMetadata) -> str | None:
    """The licence as the distribution words it, in one line; None where it declares none.

    Shape: its SPDX expression, else its classifiers joined by " OR ", else the first line of its licence text.
    """
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = metadata.get_all("Classifier") or []
    named = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith(_CLASSIFIER)]
    named = [one for one in named if one not in ("OSI Approved", "DFSG approved")]
    if named:
        return " OR ".join(named)
    text = metadata["License"].strip() if "License" in metadata else ""
    return text.splitlines()[0][:100] if text and text != "UNKNOWN" else None


def is_allowed(licence: str) -> bool:
    """Whether one of its alternatives may be taken."""
    alternatives = re.split(r"\s+OR\s+", licence.replace("(", "").replace(")", ""))
    return any(all(part.startswith(ALLOWED) for part in re.split(r"\s+AND\s+", one)) for one in alternatives)
