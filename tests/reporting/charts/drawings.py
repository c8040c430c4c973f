"""Charts read back for the tests."""

import xml.etree.ElementTree as ElementTree

Element = ElementTree.Element


def read(drawn: str) -> Element:
    return ElementTree.fromstring(drawn)


def numbers(parts: list[Element], *names: str) -> list[tuple[float, ...]]:
    """These attributes of each part."""
    return [tuple(float(part.attrib[name]) for name in names) for part in parts]
