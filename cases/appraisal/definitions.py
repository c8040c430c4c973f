"""What every figure means, as the page prints it; `counts` and `facts` hold the exact words."""

from typing import Final

from cases.appraisal.counts import Count

RATE_WORDS: Final = {
    "filing": "Filed, of filed and rejected. 立案数 ÷（立案数＋不予立案数）",
    "dispatch_accuracy": "Dispatches neither returned nor handed over by the end of the period, of all dispatches in it."
    " （派遣数－退单－移交）÷ 派遣数",
    "on_time_handling": "Tasks handled on time, of those handled on time or late. 按期处置数 ÷ 应处置数",
    "closing": "Of the cases filed in the period, those that had ended by its end. 立案案件中已结案数 ÷ 立案数",
    "on_time_closing": "Closed cases without a late task since they were last filed, of all closed. 按期结案数 ÷ 结案数",
    "rework": "Checks that failed, of all checks that ended. Low is good. 返工数 ÷ 核查数",
    "false_alarm": "Cases of sensors that were rejected or over by themselves, of all cases of sensors that ended."
    " Low is good. 误报数 ÷ 智能上报办结数",
}
COUNT_WORDS: Final = {
    Count.REPORTED: "Cases reported in the period. Merged ones count with the case that they are part of, not twice."
    " 并案不重复计数",
    Count.FILED: "Cases whose last decision in the period was to file them.",
    Count.DISPATCHED: "Times that a case was given to a department, by dispatch or hand-over; reworks are not counted.",
    Count.HANDLED: "Times that a department reported a case as handled. Its time runs from dispatch or rework; pauses"
    " (挂账) are taken off.",
    Count.LATE: "Tasks that fell due in the period and were not handled by then; pauses and granted extensions move"
    " the due instant.",
    Count.CLOSED: "Cases closed by a check, and not reopened since.",
    Count.DISSOLVED: "Cases closed because all was well again by itself, without a check.",
    Count.OVERDUE: "Tasks overdue at the end of the period; repeatedly overdue: by a whole term or more.",
}
