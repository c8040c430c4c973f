"""How well the case desk works (综合评价): indicators by department, area, problem and source; figures, CSV, a page."""

from cases.appraisal.appraisal import Appraisal, AppraisalScope, Dimension
from cases.appraisal.appraising import appraise, level_below, month_of
from cases.appraisal.csv_file import csv_of
from cases.appraisal.document import AppraisalDocument
from cases.appraisal.facts import Period
from cases.appraisal.page import Occasion, page_of
from cases.appraisal.score import Weights, load_weights

__all__ = [
    "Appraisal",
    "AppraisalDocument",
    "AppraisalScope",
    "Dimension",
    "Occasion",
    "Period",
    "Weights",
    "appraise",
    "csv_of",
    "level_below",
    "load_weights",
    "month_of",
    "page_of",
]
