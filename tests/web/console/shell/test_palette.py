"""Colours that stay apart, for colour-blind eyes too."""

from itertools import combinations

import numpy as np
import pytest

from domain.events import Severity
from web.console.shell.palette import SEVERITY_COLOURS

# Viénot, Brettel, Mollon, "Digital video colourmaps for checking the legibility of displays by dichromats", 1999,
# in linear RGB; tritanopia after Machado, Oliveira, Fernandes 2009 at severity 1.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]),
    "deuteranopia": np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
LEAST_DIFFERENCE = 15.0
"""CIE76: some two are told apart side by side; ten and more at a glance."""


def linear_rgb(colour: str) -> np.ndarray:
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def cie_lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_severities_are_told_apart_at_a_glance(sight: str) -> None:
    seen = {severity: cie_lab(SIGHT[sight] @ linear_rgb(colour)) for severity, colour in SEVERITY_COLOURS.items()}
    for a, b in combinations(Severity, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > LEAST_DIFFERENCE, (a, b)


def test_the_worse_the_darker_down_to_warning() -> None:
    lightness = [cie_lab(linear_rgb(SEVERITY_COLOURS[severity]))[0] for severity in list(Severity)[:4]]
    assert lightness == sorted(lightness)
