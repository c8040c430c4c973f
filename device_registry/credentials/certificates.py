"""What a broker reads from a client certificate: its subject's name, and until when it holds. Pure; trust is not judged.

Whether a certificate is genuine is for the broker's listener (`require_certificate`, `cafile`); this only finds whom it
names, so that the name can be bound to a device.
"""

import ssl
from binascii import Error as Base64Error
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple

_SEQUENCE, _SET, _OID, _UTC_TIME, _GENERALIZED_TIME, _EXPLICIT_VERSION = 0x30, 0x31, 0x06, 0x17, 0x18, 0xA0
_COMMON_NAME: Final = bytes.fromhex("550403")
"""id-at-commonName, 2.5.4.3 (X.520)."""
_UTF16_STRING: Final = 0x1E
_MOST_PEM: Final = 32_768
"""Characters; a certificate has some two thousand, and reading its fields costs their square."""


class NotACertificate(ValueError):
    """Text that holds no X.509 certificate in PEM, or one without a common name."""


class Certificate(NamedTuple):
    """`fingerprint` is the SHA-256 of the whole certificate, in hex. Times are epoch ms, both inclusive."""

    common_name: str
    fingerprint: str
    starts_at_ms: int
    ends_at_ms: int


def read_certificate(pem: str) -> Certificate:
    """The first certificate in a PEM text. Raises: NotACertificate. Source: RFC 5280, section 4.1."""
    try:
        begin = pem.index("-----BEGIN CERTIFICATE-----")
        end = pem.index("-----END CERTIFICATE-----", begin) + len("-----END CERTIFICATE-----")
        if end - begin > _MOST_PEM:
            raise NotACertificate(f"the certificate is longer than {_MOST_PEM:,} characters")
        der = ssl.PEM_cert_to_DER_cert(pem[begin:end])
        fields = _fields(_fields(_only(der, _SEQUENCE))[0].content)
        if fields[0].tag == _EXPLICIT_VERSION:
            fields = fields[1:]
        _serial, _algorithm, _issuer, validity, subject, *_ = fields
        starts, ends = (_instant_ms(one) for one in _fields(validity.content))
        return Certificate(_common_name(subject.content), sha256(der).hexdigest(), starts, ends)
    except NotACertificate:
        raise
    except (ValueError, IndexError, Base64Error) as error:
        raise NotACertificate(f"no X.509 certificate in PEM ({error})") from error


class _Field(NamedTuple):
    tag: int
    content: bytes


def _only(der: bytes, tag: int) -> bytes:
    field, rest = _next(der)
    if field.tag != tag or rest:
        raise ValueError("not one DER sequence")
    return field.content


def _fields(content: bytes) -> list[_Field]:
    found = []
    while content:
        field, content = _next(content)
        found.append(field)
    return found


def _next(der: bytes) -> tuple[_Field, bytes]:
    """The first field and what is behind it. Source: X.690, section 8.1; lengths in the definite form only, as in DER."""
    tag, length, start = der[0], der[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[2:start], "big")
    if (start == 2 and der[1] & 0x80) or len(der) < start + length:
        raise ValueError("cut short")
    return _Field(tag, der[start : start + length]), der[start + length :]


def _common_name(subject: bytes) -> str:
    """The last common name of the subject, which is the most specific one."""
    names = [
        value
        for relative in _fields(subject)
        for pair in _fields(relative.content)
        for kind, value in [_fields(pair.content)]
        if kind.tag == _OID and kind.content == _COMMON_NAME
    ]
    if not names:
        raise NotACertificate("the certificate's subject has no common name (CN)")
    return names[-1].content.decode("utf-16-be" if names[-1].tag == _UTF16_STRING else "utf-8")


def _instant_ms(field: _Field) -> int:
    text = field.content.decode("ascii")
    if field.tag == _UTC_TIME:  # two digits of the year: 50 to 99 are 19xx (RFC 5280, section 4.1.2.5.1)
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return int(datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)
