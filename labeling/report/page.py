"""The report as one HTML page: self-contained, without scripts, all texts escaped."""

from __future__ import annotations

import math

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from labeling.estimates.amounts import number, percent
from labeling.report.content import Funnel, ReportData
from labeling.report.drawing.drawings import drawn
from labeling.report.figure import Cell
from labeling.report.findings import findings
from labeling.report.phrases import Phrase
from labeling.report.wording import count

_MOST_ROWS = 400  # of a table on the page
_TEMPLATE, _STYLE = "page.html.j2", "page.css"


def render(data: ReportData) -> str:
    """Return the whole page as HTML. The same data gives the same bytes."""
    environment = Environment(
        loader=PackageLoader("labeling.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"stages": _stages, "percent": percent, "drawn": drawn}
    environment.globals |= {"most_rows": _MOST_ROWS}
    environment.filters |= {
        "code": _with_code,
        "marked": _marked,
        "cell": _cell_text,
        "exact": _exact,
    }
    style, _, _ = environment.loader.get_source(environment, _STYLE)  # type: ignore[union-attr]
    page = environment.get_template(_TEMPLATE)
    return page.render(style=Markup(style), data=data, report=findings(data)).lstrip()  # noqa: S704 - the style is ours


def _stages(funnel: Funnel) -> list[tuple[str, str, str]]:
    """Return the stages of a funnel as (number, name, remark)."""
    covered = count(funnel.batches_covered, "batch", "batches")
    return [
        (f"{funnel.source:,}", "source rows", ""),
        (f"{funnel.scored:,}", "scored", f"in {count(funnel.batches, 'batch', 'batches')}"),
        (f"{funnel.covered:,}", "covered", f"in {covered}"),
        (f"{funnel.asked:,}", "asked", ""),
        (f"{funnel.answered:,}", "answered", _share(funnel.answered, funnel.asked)),
    ]


def _share(part: int, of: int) -> str:
    return percent(math.floor(100 * part / of) / 100) if of else ""


def _cell_text(cell: Cell) -> str:
    """Write a cell of a table as people read it."""
    if cell.value is None:
        return "–"
    if isinstance(cell.value, str):
        return cell.value
    match cell.unit:
        case "share":
            return percent(cell.value, 1)
        case "number":
            return number(cell.value)
    return f"{cell.value:,}"


def _exact(cell: Cell) -> str | None:
    """Write the number of a cell as `recheck estimate --json` does; None where there is none."""
    return None if cell.value is None or cell.unit == "text" else repr(cell.value)


def _marked(phrase: Phrase) -> Markup:
    """Mark the figures of a sentence."""
    parts = [
        Markup("<b>{}</b>").format(part.text) if part.is_figure else escape(part.text)
        for part in phrase.parts
    ]
    return Markup("").join(parts)


def _with_code(text: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)
