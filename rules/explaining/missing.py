"""Why a report is no evidence for a rule: which name has no usable value, and why not."""

from collections.abc import Iterator

from domain.events import Text
from reporting.wording.durations import duration
from rules.explaining.formulas import written_name
from rules.explaining.phrases import WallClock, bilingual
from rules.explaining.trace import Seen, Trace
from rules.language.conditions.condition import Condition
from rules.language.conditions.tree import Name, names


def why_no_evidence(seen: Seen, trace: Trace, clock: WallClock) -> Text:
    """One sentence for all that is missing at the report."""
    condition = trace.rule.when
    assert condition is not None
    lacking = [_why(name, condition, seen, trace) for name in _unusable(condition, seen)]
    what = lacking or [bilingual("the condition fails on these values", "条件无法对这些值求值")]
    at = clock.wall(seen.at_ms)
    return bilingual(
        f"The last reading ({at}) is no evidence: {'; '.join(text.en for text in what)}.",
        f"最近一次读数（{at}）不构成证据：{'；'.join(text.zh for text in what)}。",
    )


def _unusable(condition: Condition, seen: Seen) -> Iterator[Name]:
    named = set()
    for name in names(condition.tree):
        if name not in named and seen.values.get(written_name(name)) is None:
            named.add(name)
            yield name


def _why(name: Name, condition: Condition, seen: Seen, trace: Trace) -> Text:
    match name.root:
        case "reading":
            return _why_reading(name.field, seen, trace)
        case "device":
            return bilingual(f"the device has no attribute {name.field}", f"设备没有属性 {name.field}")
        case "area":
            return bilingual(f"the area of the device has no {name.field}", f"设备所在区域没有 {name.field} 级")
        case "signal":
            signal = condition.signals[name.field]
            window = duration(signal.over_ms)
            return bilingual(
                f"{signal.label} has too few readings of {signal.of} in its window of {window}",
                f"{signal.label} 在 {window} 窗口内的 {signal.of} 读数不足",
            )
    return bilingual(
        "the place of the device is not known, so neither is the sun there", "设备坐标未知，无法求太阳高度"
    )


def _why_reading(quantity: str, seen: Seen, trace: Trace) -> Text:
    quality = (seen.report.get("quality") or {}).get(quantity)
    if quality == "bad":
        value = seen.report["readings"].get(quantity)
        return bilingual(f"{quantity} is marked bad ({value:g})", f"{quantity} 标记为坏值（{value:g}）")
    if quality == "suspect" and not trace.rule.accepts_suspect:
        return bilingual(
            f"{quantity} is suspect, and the rule takes only good readings (see `quality`)",
            f"{quantity} 标记为可疑，而规则只采用良好数据（见 quality）",
        )
    if quantity not in seen.report["readings"]:
        return bilingual(f"{quantity} is not in the report", f"上报中没有 {quantity}")
    return bilingual(f"{quantity} has no usable value", f"{quantity} 的值不可用")
