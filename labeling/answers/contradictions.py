"""One rule for lines of one answer file that speak of the same row, person and time.

The order of the lines never decides. Valid answers that differ contradict each
other, and the file is refused. The same answer again counts once. A valid answer
stands beside an empty or an invalid one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from labeling.answers.intake import Answer
from pipelines.errors import AnswersUnreadable

_RANKS = {"valid": 0, "skipped": 1}


def one_of_each(
    answers: Sequence[Answer],
    origin: str,
    names: Mapping[str, str],
    tell: Callable[[str], None],
) -> list[Answer]:
    """Return one answer for each row, person and time.

    Args:
        answers: of one file, in its order (n).
        origin: the file, for errors.
        names: prediction id to what the file calls it, where that is another name.
        tell: takes what is worth a word.

    Returns:
        At most n answers, in the order of their first line.

    Raises:
        AnswersUnreadable: valid answers contradict each other.
    """
    lines: dict[str, list[Answer]] = {}
    for number, answer in enumerate(answers):
        same = answer.annotation_id if answer.prediction_id else str(number)
        lines.setdefault(same, []).append(answer)
    _refuse_contradictions(list(lines.values()), origin, names)
    _tell_what_counts_once(lines, len(answers), tell)
    return [min(some, key=lambda one: _RANKS.get(one.state, 2)) for some in lines.values()]


def _refuse_contradictions(
    lines: Sequence[Sequence[Answer]], origin: str, names: Mapping[str, str]
) -> None:
    differing = [
        (some[0], said)
        for some in lines
        if len(said := list(dict.fromkeys(a.answer for a in some if a.state == "valid"))) > 1
    ]
    if not differing:
        return
    first, said = differing[0]
    row = names.get(first.prediction_id, first.prediction_id)
    who = "nothing says who answered" if first.annotator is None else "the same person"
    when = (
        ""
        if first.annotator is None
        else " at the same time"
        if first.created
        else " without a time"
    )
    raise AnswersUnreadable(
        f"{origin}: {len(differing)} rows have several different answers, and {who}{when}; "
        f"the first, {row}: {', '.join(map(repr, said[:3]))}",
        fix="add the columns annotator (who answered) and created (when), or leave one line for each row",
    )


def _tell_what_counts_once(
    lines: Mapping[str, Sequence[Answer]], count: int, tell: Callable[[str], None]
) -> None:
    """Say how many lines add nothing: repeats, and earlier answers of nobody in particular."""
    if again := count - len(lines):
        tell(f"hint: {again} lines answer a row again, by the same person and time, and count once")
    unnamed = [
        s[0].prediction_id for s in lines.values() if s[0].annotator is None and s[0].created
    ]
    if replaced := len(unnamed) - len(set(unnamed)):
        tell(
            f"hint: nothing says who answered, so later answers replace {replaced} earlier ones; "
            "a column annotator would count each person"
        )
