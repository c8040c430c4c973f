"""The installation's key and what is derived from it."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ingest.gateway.installation_key import SHORTEST_KEY, InstallationKey
from tests.ingest.installation import KEY


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert KEY.derived("a") != KEY.derived("b")
    assert KEY.derived("a") == InstallationKey(KEY.text).derived("a")
    assert len(KEY.derived("a")) == 32


def test_keys_are_derived_as_rfc_5869_expands() -> None:
    expanded = HKDFExpand(SHA256(), 32, b"purpose").derive(KEY.text.encode())
    assert KEY.derived("purpose") == expanded


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        InstallationKey("k" * (SHORTEST_KEY - 1))


def test_a_key_is_not_printed_and_its_name_is_not_its_text() -> None:
    assert KEY.text not in repr(KEY)
    assert KEY.name not in KEY.text
    assert InstallationKey("another key of an installation, made up").name != KEY.name
