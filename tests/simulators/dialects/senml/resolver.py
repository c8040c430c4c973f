"""RFC 8428 section 4.6 in a few lines, apart from encoder and decoder: no base fields, in order of time."""

from typing import Any

Resolved = dict[str, Any]


def resolve(pack: list[dict[str, Any]], now_s: float = 0.0) -> list[Resolved]:
    base: dict[str, Any] = {"bn": "", "bt": 0, "bu": None, "bv": 0}
    records = []
    for record in pack:
        base |= {label: record[label] for label in base if label in record}
        plain = {label: value for label, value in record.items() if label not in {*base, "bver"}}
        time_s = base["bt"] + plain.pop("t", 0)
        unit = plain.pop("u", base["bu"])
        if "v" in plain:
            plain["v"] += base["bv"]
        plain |= {"n": base["bn"] + plain.pop("n", ""), "t": time_s if time_s >= 2**28 else now_s + time_s}
        records.append(plain | ({"u": unit} if unit else {}))
    return sorted(records, key=lambda record: record["t"])
