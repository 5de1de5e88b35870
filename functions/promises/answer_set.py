"""Whether every predicted class can be chosen: no promise of ours, and a reason why figures are low."""

from __future__ import annotations

from collections import Counter

from functions.promises.promise import Promise, unchecked
from functions.tables import Views
from pipelines.columns.buffers import dictionary_codes
from pipelines.columns.relations import column
from pipelines.job.job_file import Job
from pipelines.tables.purposes import VERIFY

NAME = "answers"
_NAMED = 3  # classes in a message, of many


def classes_can_be_chosen(job: Job, views: Views) -> Promise:
    """Compare the predicted classes of the drawn rows with the answers.

    Args:
        job: the job file, with the answers.
        views: of its tables.

    Returns:
        Kept where all are answers; else neither kept nor broken, with the classes and the way out.
    """
    answers = job.target.answers
    rows = views.current_samples(purpose=VERIFY)
    if not answers or not rows.num_rows:
        return Promise(NAME, True, "numbers are predicted" if not answers else "nothing was drawn")
    codes, words = dictionary_codes(column(rows, "label"))
    counts = Counter(words[code] for code in codes.tolist())
    unlisted = {word: count for word, count in counts.most_common() if word not in answers}
    if not unlisted:
        return Promise(NAME, True, f"each of {rows.num_rows} drawn predictions can be chosen")
    count, named = sum(unlisted.values()), ", ".join(map(repr, list(unlisted)[:_NAMED]))
    more = f" and {len(unlisted) - _NAMED} more" if len(unlisted) > _NAMED else ""
    return unchecked(
        NAME,
        f"{count} of {rows.num_rows} drawn predictions ({count / rows.num_rows:.1%}) are of classes that people "
        f"cannot choose, so they count as wrong: {named}{more}; add them to target.answers, or map them",
    )
