"""One HTML page, pictures first, that says how good the predictions were and how sure that is.

Pure: from figures to text, without a clock, a random number or a script. The
same figures give the same bytes.
"""

from labeling.report.content import Batch, Outcomes, Reason, ReportData
from labeling.report.page import render

__all__ = ["Batch", "Outcomes", "Reason", "ReportData", "render"]
