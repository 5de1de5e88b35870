"""How many answers a figure needs, by trying draws of more and fewer rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labeling.planning.expected_draw import ExpectedDraw, Question
from pipelines.sampling.plan import Plan
from pipelines.sampling.population import Population

_FEWEST = 8  # rows of a draw; the sampler makes no strata of fewer
_STEP = 1.5  # by which draws are enlarged until one is large enough


@dataclass(frozen=True)
class Window:
    """What is planned for: some batches that are alike, and how rows are drawn from each."""

    population: Population
    planned: Callable[[int], Plan]  # of a budget
    batches: int = 1

    def half_length(self, question: Question, budget: int) -> float | None:
        """Return half the length of a figure's interval from so many answers per batch.

        Args:
            question: the figure, and what is believed of each row.
            budget: answers per batch.

        Returns:
            Half the length, None where the answers are too few for one.
        """
        return self._draw(budget).half_length(question)

    def value(self, question: Question) -> float | None:
        """Return the figure that is believed in, None where there is none."""
        return self._draw(len(self.population)).value(question)

    def answers(self, question: Question, within: float) -> int:
        """Return the fewest answers per batch that make a figure's interval short enough.

        Args:
            question: the figure, and what is believed of each row.
            within: half the length that it may have.

        Returns:
            Answers per batch, all of its rows at most.
        """
        rows = len(self.population)

        def suffices(budget: int) -> bool:
            half = self.half_length(question, budget)
            return half is not None and half <= within

        too_few, budget = 0, min(_FEWEST, rows)
        while budget < rows and not suffices(budget):
            too_few, budget = budget, min(int(budget * _STEP) + 1, rows)
        while budget - too_few > max(1, too_few // 100):
            middle = (budget + too_few) // 2
            if suffices(middle):
                budget = middle
            else:
                too_few = middle
        return budget

    def _draw(self, budget: int) -> ExpectedDraw:
        return ExpectedDraw(self.population, self.planned(budget), self.batches)
