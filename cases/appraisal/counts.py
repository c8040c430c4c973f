"""What is counted, and the rates (率) that are made of the counts.

Every count is of one period [from, to), as it stood at its end: steps from `to` on are not looked at, so that the appraisal
of a past period never changes. Merged cases (并案) count nowhere but in `merged`: the case that they are part of counts.

Source: the four rates are named after GB/T 30428.4 (绩效评价), formerly CJ/T 292. Their texts were not at hand: names are
[mem], the exact definitions are those below, and every city may weigh them as it likes (weights.yaml).
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Count(StrEnum):
    """What happened in the period. A case has one decision in it, the last one; a task is a department's, see `facts`."""

    REPORTED = "reported"
    """上报: cases reported in the period."""
    FILED = "filed"
    """立案: cases whose last decision in the period was to file them. Reopened ones are not filed anew."""
    REJECTED = "rejected"
    """不予立案: cases whose last decision in the period was to reject them."""
    FILED_AND_ENDED = "filed_and_ended"
    """立案且结案: of those filed in the period the ones that are closed, or were over by themselves, at its end."""
    MERGED = "merged"
    """并案: cases found in the period to be part of another."""
    DISPATCHED = "dispatched"
    """派遣: cases given to a department in the period, by dispatch or hand-over. A rework is no dispatch."""
    RETURNED = "returned"
    """退单: of these dispatches the ones that the department returned before the end of the period."""
    HANDED_OVER = "handed_over"
    """移交: of these dispatches the ones that were handed over to another department before the end of the period."""
    HANDLED = "handled"
    """处置: tasks that the department reported as handled in the period."""
    ON_TIME = "on_time"
    """按期处置: those handled not later than they were due then, extensions and suspensions counted in."""
    LATE = "late"
    """超期: tasks that fell due in the period and were not handled by then, whatever came of them later."""
    CLOSED = "closed"
    """核查结案: cases closed by a check in the period and not reopened before its end."""
    CLOSED_ON_TIME = "closed_on_time"
    """按期结案: of these the ones of which no task was late since they were last filed."""
    DISSOLVED = "dissolved"
    """自行恢复结案: cases closed in the period because all was well again by itself, without a check."""
    CHECKED = "checked"
    """核查: checks that ended in the period, well or not."""
    FAILED = "failed"
    """返工: checks that failed."""
    OVERDUE = "overdue"
    """超时: tasks that were overdue at the end of the period."""
    REPEATEDLY_OVERDUE = "repeatedly_overdue"
    """多次超时: of these the ones overdue by a whole term or more."""
    REOPENED = "reopened"
    """重新立案: closed cases taken up again in the period."""
    URGED = "urged"
    """督办: how often somebody urged in the period."""
    EXTENSIONS_ASKED = "extensions_asked"
    """延期申请: requests for more time in the period."""
    EXTENSIONS_GRANTED = "extensions_granted"
    """准予延期: requests granted in the period."""
    SENSOR_ENDED = "sensor_ended"
    """智能上报办结: cases of sensors that were rejected, closed or over by themselves in the period."""
    SENSOR_FALSE = "sensor_false"
    """智能误报: of these the ones for which nobody had to do anything: rejected, or over by themselves."""


COUNT_TITLES: Final[dict[Count, tuple[str, str]]] = {
    Count.REPORTED: ("Reported", "上报"),
    Count.FILED: ("Filed", "立案"),
    Count.REJECTED: ("Rejected", "不予立案"),
    Count.FILED_AND_ENDED: ("Filed and ended", "立案且结案"),
    Count.MERGED: ("Merged", "并案"),
    Count.DISPATCHED: ("Dispatched", "派遣"),
    Count.RETURNED: ("Returned", "退单"),
    Count.HANDED_OVER: ("Handed over", "移交"),
    Count.HANDLED: ("Handled", "处置"),
    Count.ON_TIME: ("On time", "按期处置"),
    Count.LATE: ("Late", "超期"),
    Count.CLOSED: ("Closed", "结案"),
    Count.CLOSED_ON_TIME: ("Closed on time", "按期结案"),
    Count.DISSOLVED: ("Recovered", "自行恢复"),
    Count.CHECKED: ("Checked", "核查"),
    Count.FAILED: ("Reworks", "返工"),
    Count.OVERDUE: ("Overdue now", "当前超时"),
    Count.REPEATEDLY_OVERDUE: ("Repeatedly overdue", "多次超时"),
    Count.REOPENED: ("Reopened", "重新立案"),
    Count.URGED: ("Urged", "督办"),
    Count.EXTENSIONS_ASKED: ("Extensions asked", "延期申请"),
    Count.EXTENSIONS_GRANTED: ("Extensions granted", "准予延期"),
    Count.SENSOR_ENDED: ("Sensor cases ended", "智能上报办结"),
    Count.SENSOR_FALSE: ("Sensor false alarms", "智能误报"),
}


class RateOf(NamedTuple):
    """A rate: `good` (or what the rate is named after) of all of `among`. `less` are taken off the numerator."""

    title_en: str
    title_zh: str
    counted: Count
    among: tuple[Count, ...]
    less: tuple[Count, ...] = ()
    high_is_good: bool = True


RATES: Final[dict[str, RateOf]] = {
    "filing": RateOf("Filing rate", "立案率", Count.FILED, (Count.FILED, Count.REJECTED)),
    "dispatch_accuracy": RateOf(
        "Dispatch accuracy", "派遣准确率", Count.DISPATCHED, (Count.DISPATCHED,), (Count.RETURNED, Count.HANDED_OVER)
    ),
    "on_time_handling": RateOf("On-time handling", "按期处置率", Count.ON_TIME, (Count.ON_TIME, Count.LATE)),
    "closing": RateOf("Closing rate", "结案率", Count.FILED_AND_ENDED, (Count.FILED,)),
    "on_time_closing": RateOf("On-time closing", "按期结案率", Count.CLOSED_ON_TIME, (Count.CLOSED,)),
    "rework": RateOf("Rework rate", "返工率", Count.FAILED, (Count.CHECKED,), high_is_good=False),
    "false_alarm": RateOf(
        "Sensor false alarms", "智能误报率", Count.SENSOR_FALSE, (Count.SENSOR_ENDED,), high_is_good=False
    ),
}
"""Every rate by its name, in the order in which they are shown."""
