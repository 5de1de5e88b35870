"""Warnings of predicted classes: those that people cannot choose, and scores of the other class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pipelines.columns.spelling import bare
from pipelines.job.job_file import Job
from pipelines.scoring.fragment_results import FragmentResult
from pipelines.scoring.predicted_classes import PredictedClasses

_NAMED = 3  # classes in a message, of many
_LEAST = 20  # rows of a class, from which on its scores are judged
_MOST = 0.9  # share of them below a half, where a score is not of the label


def scoring_warnings(batch: str, results: Sequence[FragmentResult], job: Job) -> Iterator[str]:
    """Say what of the classes of a batch needs a look.

    Args:
        batch: its name.
        results: of all its fragments.
        job: the job file.

    Yields:
        What `predictions.map` did; classes that people cannot choose; scores that
        seem to be of the other class.
    """
    classes = PredictedClasses()
    for result in results:
        classes += result.classes
    if classes.mapped:
        parts = ", ".join(f"{count} as {to!r}" for to, count in sorted(classes.mapped.items()))
        yield f"hint: batch {batch}: predictions.map read {parts}"
    counts = {**classes.listed, **classes.unlisted}
    if warning := unlisted_warning(batch, counts, job, others=classes.others):
        yield warning
    if warning := _score_of_the_other(batch, classes, job):
        yield warning


def unlisted_warning(
    batch: str, counts: Mapping[str, int], job: Job, *, others: int = 0
) -> str | None:
    """Return a warning of predicted classes that nobody can choose; None where all are answers.

    Args:
        batch: the name of the batch.
        counts: predictions by label.
        job: has the answer set; without any, predictions are numbers.
        others: predictions of yet other classes that are no answer.

    Returns:
        The classes, their share, and the way out.
    """
    answers = job.target.answers
    unlisted = Counter({label: count for label, count in counts.items() if label not in answers})
    count = unlisted.total() + others
    if not answers or not count:
        return None
    total = sum(counts.values()) + others
    ordered = sorted(unlisted, key=lambda label: (-unlisted[label], label))
    names = ", ".join(_told(label, answers) for label in ordered[:_NAMED])
    more = f" and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    way_out = "add them to target.answers"
    if job.predictions is not None:
        way_out += ", or say by predictions.map what they stand for"
    return (
        f"warning: batch {batch}: {count} of {total} predictions ({count / total:.1%}) are of classes that "
        f"people cannot choose, so they count as wrong: {names}{more}; {way_out}"
    )


def _told(label: str, answers: Sequence[str]) -> str:
    if not label:
        return "'' (an empty text; data.missing = [\"\"] makes it a missing prediction)"
    alike = [answer for answer in answers if bare(answer) == bare(label)]
    return f"{label!r} (an answer is {alike[0]!r})" if alike else repr(label)


def _score_of_the_other(batch: str, classes: PredictedClasses, job: Job) -> str | None:
    """Warn where the scores of one of two classes lie below a half: they may be of the other one."""
    theirs, answers = job.predictions, job.target.answers
    if theirs is None or theirs.score is None or theirs.score_of is not None or len(answers) != 2:
        return None
    for one, other in (answers, answers[::-1]):
        rows, low = classes.listed.get(one, 0), classes.unlikely.get(one, 0)
        if rows >= _LEAST and low >= _MOST * rows:
            return (
                f"warning: batch {batch}: {theirs.score!r} is below a half in {low} of the {rows} rows that are "
                f"predicted as {one!r}: if it holds the probability of {other!r} in every row, set "
                f'predictions.score_of = "{other}"'
            )
    return None
