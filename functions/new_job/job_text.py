"""The text of a new job file, from the options of `recheck init` and the columns of the data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import tomlkit
from tomlkit.items import Table

from functions.new_job import column_kinds
from functions.new_job.column_kinds import Column
from functions.new_job.first_rows import first_values
from functions.new_job.hidden_columns import PredictedRows, Sighted
from functions.new_job.init_options import InitOptions
from functions.new_job.input_sections import (
    batches_section,
    data_section,
    is_period,
    require_time,
)
from functions.new_job.label_rules import map_notes, map_of
from functions.new_job.rare_class import RARE, RareClass
from functions.new_job.shown_choice import choose_shown
from functions.new_job.task import TaskChoice, TaskOptions, task_of
from functions.new_job.toml_parts import inline, multiline, table_of
from pipelines.errors import SchemaMismatch
from pipelines.input.fragments import Source
from pipelines.job.job_file import new_id
from pipelines.models.catalogue import TaskType

_ALERT = """
[[alerts]]
metric = "{metric}"
{line}
period = "week"
"""
_ALERTS = {
    "classification": _ALERT.format(metric="accuracy", line="below = 0.8"),
    "regression": _ALERT.format(metric="mae", line="above = 10"),
}


class JobDraft:
    """A job file in the making."""

    def __init__(self, folder: Path, options: InitOptions, sources: Sequence[Source]) -> None:
        self.folder, self.options = folder, options
        self.sources = sources
        self.rare: RareClass | None = None  # known once the text is made
        self.notes: list[str] = []  # of the columns that people see, once the text is made
        self.first = first_values(self.sources)
        self.columns = {column.name: column for column in column_kinds.look(self.first)}
        require_time(options, self.columns)
        self._read_time()
        for name in self._named():
            if name not in self.columns:
                raise SchemaMismatch(
                    f"the data has no column {name!r}; it has {', '.join(map(repr, self.columns))}",
                    fix="name one of these",
                )

    def _read_time(self) -> None:
        """Take a column of times that are numbers for what it is."""
        time = self.columns.get(self.options.time or "")
        if time is not None and time.epoch:
            self.columns[time.name] = replace(time, kind="date", is_number=False)

    def _named(self) -> list[str]:
        options = self.options
        by = [options.batch_by] if options.batch_by and not is_period(self.options) else []
        single = [options.target, options.predicted, options.score, options.time]
        return [
            name
            for name in [*single, *options.key, *options.known_after, *options.show, *by]
            if name
        ]

    @cached_property
    def choice(self) -> TaskChoice:
        """The task, and the classes that people may answer with."""
        options = self.options
        column = options.target or options.predicted
        asked = TaskOptions(column, options.answers, options.number, bool(options.predicted))
        return task_of(asked, self.sources, self.columns)

    @cached_property
    def rows(self) -> PredictedRows | None:
        """The first rows with what was predicted, or will be; None where no column holds it."""
        label = self.options.predicted or self.options.target
        return PredictedRows(self.first, label, self.choice) if label else None

    def text(self) -> str:
        """Return the whole file."""
        document = tomlkit.document()
        document.add(
            tomlkit.comment(
                "What to run; docs/reference/job.md explains every key. Where to run is settings."
            )
        )
        choice, task, answers = self.choice, self.choice.task, self.choice.answers
        document["name"] = name = column_kinds.name_of(self.folder)
        document["id"] = new_id(self.options.seed, name)
        document["id"].comment("tells this job from another one of its name")
        document["task"] = task
        document["data"] = data_section(self.folder, self.options, self.columns, self.sources[0])
        document["batches"] = batches_section(self.options, self.columns)
        document["target"] = table_of({"column": self.options.target, "answers": answers or None})
        features = self._features()
        if self.options.predicted:
            document["predictions"] = self._predictions(choice)
        else:
            document["features"] = features
            document["model"] = self._model(task)
        self.notes += choice.notes
        self.rare = self._rare(choice)
        document["sampling"] = self._sampling()
        document["labeling"] = self._labeling(task)
        self._add_cohorts(document)
        written = tomlkit.dumps(document)
        lines = "".join(f"# {line}\n" for line in _ALERTS[task].strip().splitlines())
        return f"{written}\n# Exit code 10 when a closed week has surely crossed the line:\n{lines}"

    @staticmethod
    def beginning_with(text: str, first: str) -> str:
        """Return the file with the first batch that people are asked about."""
        document = tomlkit.parse(text)
        table = cast("Table", document["batches"])
        table.add("from", first)
        table["from"].comment("`run` begins here; fit on the batches before it")
        return tomlkit.dumps(document)

    def _features(self) -> Table:
        table = tomlkit.table()
        table["known_after"] = list(self.options.known_after)
        table["known_after"].comment(
            "columns that are known only after the prediction: never features"
        )
        chosen = tomlkit.table()
        for column in self._candidates():
            if column.matters:
                chosen.add(column.name, inline(_FEATURES[column.kind]))
            else:
                chosen.add(tomlkit.comment(f"{column.name!r} is left out: {column.why_not}"))
        table["columns"] = chosen
        return table

    def _candidates(self) -> list[Column]:
        options = self.options
        of_predictions = (options.target, options.predicted, options.score)
        apart = {*of_predictions, *options.key, *options.known_after}
        return [column for name, column in self.columns.items() if name not in apart]

    def _predictions(self, choice: TaskChoice) -> Table:
        label, score = str(self.options.predicted), self.options.score
        of = self.rows.class_of_score(score) if self.rows and score else None
        if of is not None:
            self.notes.append(
                f"column {score!r} holds the probability of class {of!r} in every row, and not that of the "
                "predicted one: the job file says so in predictions.score_of"
            )
        table = table_of({"label": label, "score": score, "score_of": of})
        if choice.stands_for or choice.refusals:
            table["map"] = map_of(choice)
            self.notes += map_notes(choice)
        return table

    def _model(self, task: str) -> Table:
        estimator = "LogisticRegression" if task == "classification" else "Ridge"
        table = table_of({"name": column_kinds.name_of(self.folder), "estimator": estimator})
        other = "HistGradientBoosting" + ("Classifier" if task == "classification" else "Regressor")
        better = "" if self._has_text() else f"; {other} is often more accurate"
        table["estimator"].comment(f"runs as plain arrays{better}")
        table["holdout"] = 0.2
        return table

    def _has_text(self) -> bool:
        """Tell whether a feature is text: not every estimator reads the sparse columns that it becomes."""
        return any(column.kind == "text" for column in self._candidates())

    def _sampling(self) -> Table:
        table = table_of({"budget": 300, "seed": self.options.seed or os.urandom(16).hex()})
        table["budget"].comment("rows per batch that people are asked about")
        table["seed"].comment("another seed draws other rows")
        if self.rare:
            table.add(tomlkit.comment(f"{self.rare.line}  # {self.rare.about}"))
        return table

    def _rare(self, choice: TaskChoice) -> RareClass | None:
        """Return the rarest class, where it has under 5 % of the rows; numbers have none."""
        options = self.options
        if choice.rarest is None or choice.rarest[1] >= RARE:
            return None
        is_known = not options.predicted or (bool(options.score) and len(choice.answers) == 2)
        return RareClass(*choice.rarest, is_known)

    def _labeling(self, task: TaskType) -> Table:
        candidates = [column for column in self._candidates() if column.matters]
        are_predictions = self.options.predicted is not None
        sighted = (
            self.rows.sight_of(candidates, are_predictions=are_predictions)
            if self.rows
            else Sighted({}, [])
        )
        self.notes += [
            f"column {name!r} is shown to nobody: {why}" for name, why in sighted.hidden.items()
        ]
        seen = (self.columns, candidates, sighted.hidden, sighted.weights, self.options.show)
        shown, notes = choose_shown(*seen)
        self.notes += [*sighted.warnings, *notes]
        right = "What is" if task == "classification" else "Which number is"
        table = tomlkit.table()
        table["show"] = multiline([column.name for column in shown])
        table["show"].comment(
            "the only columns that people see"
            if shown
            else "no column is left to show: name some to ask people; outcomes come by `recheck pull --file`"
        )
        table["question"] = self.options.question or f"{right} right for this row?"
        table["texts"] = [column.name for column in shown if column.kind == "text"]
        table["pictures"] = [column.name for column in shown if column.kind == "image"]
        return table

    def _add_cohorts(self, document: tomlkit.TOMLDocument) -> None:
        fit = [c for c in self._candidates() if c.matters and c.kind == "categorical"]
        fit = [c for c in fit if 2 <= c.distinct <= 10]
        table = tomlkit.table(is_super_table=True)
        for column in fit[:2]:
            name = column_kinds.name_of(Path(column.name))
            table[name] = table_of({"column": column.name})
        if len(table):
            document["cohorts"] = table


_FEATURES: Mapping[str, dict[str, Any]] = {
    "numeric": {"kind": "numeric"},
    "categorical": {"kind": "categorical"},
    "date": {"kind": "date", "parts": ["month", "weekday", "hour"]},
    "text": {"kind": "text"},
    "image": {"kind": "image", "width": 16, "height": 16},
}
