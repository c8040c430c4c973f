"""Strict reading of JSON text, for every message that is not a plain good one."""

import json
from collections import Counter

from domain.errors import Unreadable
from domain.rejections import Reason


def decode_json(payload: bytes) -> object:
    """The document in `payload`, UTF-8 without a byte order mark.

    Shape: `NaN`, `Infinity` and overflowing numbers become non-finite floats, so that one such reading costs only itself
    and not its report; they are not JSON, but many devices write them. (orjson can do neither this nor the next.)
    Raises: Unreadable (unparseable) for what is not UTF-8 or not JSON, for a key that stands twice in one object (RFC 8259
    section 4: readers differ on which one counts), and for nesting deeper than the interpreter's own limit, about 1,000.
    """
    try:
        text = payload.decode()
        document = json.loads(text, object_pairs_hook=_object_of_unique_keys)
        if "\\u" in text:  # half of a surrogate pair is no text: it cannot be written back as UTF-8
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise _unreadable(f"not UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise _unreadable("holds half of a surrogate pair, which is no text") from None
    except _DuplicateKey as error:
        raise _unreadable(f"the key {error.args[0]!r} stands twice in one object") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise _unreadable("nested too deep") from None
    except ValueError:
        raise _unreadable("holds a whole number of too many digits") from None
    return document


class _DuplicateKey(Exception):
    pass


def _object_of_unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _DuplicateKey(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return members


def _unreadable(detail: str) -> Unreadable:
    return Unreadable(Reason.UNPARSEABLE, detail)
