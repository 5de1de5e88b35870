"""The report: how good the predictions were, and how sure that is.

`findings` turns data into findings: words, numbers and charts as data. `render`
draws them as one HTML page, `record` gives them as plain JSON types.
Pure, without a clock or a random number: the same data gives the same bytes.
"""

from labeling.answers.outcomes import Outcomes
from labeling.report.content import Batch, Reason, ReportData
from labeling.report.findings import Findings, findings
from labeling.report.page import render
from labeling.report.record import record

__all__ = [
    "Batch",
    "Findings",
    "Outcomes",
    "Reason",
    "ReportData",
    "findings",
    "record",
    "render",
]
