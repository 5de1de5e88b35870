"""The page itself: figures in their order, put into the template."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from labeling.estimates.estimate import ESTIMATOR_VERSION
from labeling.report.chapters.by_group import (
    class_figure,
    cohort_figure,
    error_figure,
    more_figure,
    ruler,
    seen_words,
)
from labeling.report.chapters.errors_and_scores import confusion_figure, score_figure
from labeling.report.chapters.figure import Figure
from labeling.report.chapters.next_steps import first_steps, open_ends
from labeling.report.chapters.over_time import time_figure
from labeling.report.chapters.volume import (
    agreement_figure,
    asked_figure,
    outcomes_words,
    quarantine_figure,
    volume_figure,
)
from labeling.report.content import ReportData
from labeling.report.wording import headline, percent, since, stages, subline, watched

_TEMPLATE, _STYLE = "page.html.j2", "page.css"


def render(data: ReportData) -> str:
    """Return the whole page as HTML: self-contained, without scripts, all texts escaped."""
    environment = Environment(
        loader=PackageLoader("labeling.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"stages": stages, "percent": percent}
    environment.filters["code"] = _with_code
    style, _, _ = environment.loader.get_source(environment, _STYLE)  # type: ignore[union-attr]
    page = environment.get_template(_TEMPLATE)
    return page.render(style=Markup(style), **_context(data)).lstrip()  # noqa: S704 - the style is ours


def _context(data: ReportData) -> dict[str, object]:
    one = data.headline
    has_value = one is not None and one.value is not None
    return {
        "data": data,
        "headline": headline(one, data)
        if one
        else "Nobody has been asked yet, so nothing is known about how good the predictions are.",
        "leads": [words for words in (subline(one), since(one, data)) if words] if one else [],
        "fired": sorted(data.alerts, key=lambda alert: alert.window, reverse=True),
        "watched": watched(data),
        "seen": seen_words(data),
        "is_open": one is not None and not data.is_closed(one.window),
        "is_unreliable": one is not None and not one.reliable,
        "largest": one.largest if one else None,
        "ruler": ruler(one, data) if one and has_value else None,
        "steps": first_steps(data),
        "open_ends": open_ends(data),
        "chapters": _chapters(data),
        "outcomes": outcomes_words(data),
        "as_of": max((found.as_of for found in data.estimates), default=None),
        "versions": sorted({batch.version for batch in data.batches}),
        "estimator_version": ESTIMATOR_VERSION,
    }


def _chapters(data: ReportData) -> list[tuple[str, list[Figure]]]:
    """Return the figures by chapter, without those that there is nothing to show in."""
    answers = (time_figure, error_figure, cohort_figure, class_figure)
    errors = (confusion_figure, more_figure, score_figure)
    work = (asked_figure, agreement_figure, volume_figure, quarantine_figure)
    found = [
        ("How good, and where", _shown([figure(data) for figure in answers])),
        ("Which errors, and does the model know", _shown([figure(data) for figure in errors])),
        ("The work behind it", _shown([figure(data) for figure in work])),
    ]
    return [(title, figures) for title, figures in found if figures]


def _with_code(text: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def _shown(figures: Iterable[Figure | None]) -> list[Figure]:
    return [figure for figure in figures if figure is not None]
