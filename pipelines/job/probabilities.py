"""Checks of a job file: which probabilities of classes its columns give, and which it needs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from pipelines.job.sections import ClassAim, PredictionColumns
from pipelines.models.catalogue import TaskType


def scores_of_no_answer(theirs: PredictionColumns, answers: Sequence[str]) -> Iterator[str]:
    """Check that a label has one column of probabilities, and each such column a label."""
    if theirs.score and theirs.probabilities:
        yield (
            f"predictions has `score` = {theirs.score!r} and `probabilities`, but a label's "
            "probability stands in one place: keep `score`, or one column per class"
        )
    for name in theirs.probabilities:
        if name not in answers:
            allowed = f"none of {', '.join(answers)}" if answers else "no class of a regression"
            near = nearest(name, answers)
            yield f"predictions.probabilities names {name!r}, which is {allowed}{near}"


def class_without_probability(
    aim: ClassAim, task: TaskType, answers: Sequence[str], theirs: PredictionColumns | None
) -> Iterator[str]:
    """Check that draws can be made for a class: it is one, and its probability is there.

    Args:
        aim: what `sampling.for` says.
        task: classes or numbers.
        answers: the answer set.
        theirs: columns of predictions made elsewhere; None for a model, whose
            probabilities are known once it is fitted.

    Yields:
        What is wrong, with the way out: a sentence at most.
    """
    if task == "regression":
        yield f"sampling.for names the class {aim.class_!r}, and a regression has none: take it out"
    elif aim.class_ not in answers:
        near = nearest(aim.class_, answers)
        yield f"sampling.for.class = {aim.class_!r} is none of {', '.join(answers)}{near}"
    elif theirs and not theirs.tells(aim.class_, answers):
        yield (
            f"sampling.for needs the probability of {aim.class_!r} in every row, and no column of [predictions] "
            f'has it: name it, `probabilities = {{"{aim.class_}" = "COLUMN"}}`, or take `for` out of [sampling]'
        )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the most similar word as a question, empty where none is similar.

    >>> nearest("lat", ["late", "paid"])
    ' (did you mean late?)'
    """
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
