"""Figures that are planned for: what is believed of each row of a batch, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from labeling.estimates.evidence.arrays import Evidence
from labeling.planning.beliefs import (
    ENOUGH,
    AnsweredRows,
    Basis,
    ExpectedLoss,
    chance_of_class,
    chance_right,
    errors_as_answered,
    errors_as_held_out,
)
from labeling.planning.expected_draw import Question
from pipelines.columns.buffers import Floats
from pipelines.errors import StepMissing
from pipelines.sampling.class_goal import ClassGoal
from pipelines.sampling.population import GRID, MISSING, Population

OF_CLASS = ("precision", "recall", "f1", "specificity")
OF_NUMBERS = ("mae", "rmse", "bias")
_LOSSES = {"mae": np.abs, "rmse": np.square, "bias": np.positive}


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of the rows of a batch before people are asked about them.

    Attributes:
        population: the predictions of the batch.
        facts: what was answered about earlier ones.
        goal: the class that draws ask more about, if any.
        held_out: metrics of the model on its hold-out, empty where there are none.
    """

    population: Population
    facts: Evidence
    goal: ClassGoal | None
    held_out: Mapping[str, float]

    def question(self, metric: str, class_: str | None) -> tuple[Question, Basis]:
        """Return a figure with what is believed of each row.

        Args:
            metric: its name.
            class_: of a metric of one class.

        Returns:
            The question, and what the beliefs rest on.

        Raises:
            StepMissing: no row was predicted as the class; or nothing says how far
                off predicted numbers are.
        """
        if metric in OF_NUMBERS:
            believed, basis = self._errors(metric)
        elif class_ is None:
            answered = AnsweredRows.of_class(self.facts, None)
            believed, basis = chance_right(self.population, answered)
        else:
            believed, basis = self._class(class_)
        return Question(metric, class_, believed), basis

    def _class(self, class_: str) -> tuple[ExpectedLoss, Basis]:
        if not self.population.labels.holds(class_).any():
            raise StepMissing(
                f"no row of the batch is predicted as {class_!r}, so nothing tells how rare it is",
                fix="plan by another batch with --batch, or for another --class",
            )
        answered = AnsweredRows.of_class(self.facts, class_)
        return chance_of_class(self.population, class_, answered, self._chances(class_))

    def _chances(self, class_: str) -> Floats | None:
        points, goal = self.population.chances, self.goal
        if points is None or goal is None or goal.class_ != class_:
            return None
        return np.where(points == MISSING, np.nan, goal.calibrated(points) / GRID)

    def _errors(self, metric: str) -> tuple[ExpectedLoss, Basis]:
        answered = AnsweredRows.of_errors(self.facts)
        if len(answered) >= ENOUGH:
            return errors_as_answered(self.population, answered, _LOSSES[metric]), "answers"
        if not {"mae", "rmse"} <= self.held_out.keys():
            raise StepMissing(
                "nothing says how far off the predicted numbers are: "
                f"{len(answered)} answers are fewer than {ENOUGH}, and no model was fitted here",
                fix=f"ask about {ENOUGH} rows first: `recheck sample … --budget {ENOUGH}`",
            )
        mae, rmse = self.held_out["mae"], self.held_out["rmse"]
        return errors_as_held_out(len(self.population), mae, rmse)[metric], "scores"
