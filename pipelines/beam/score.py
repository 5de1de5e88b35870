"""A Beam transform that scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.errors import RecheckError, write_error
from pipelines.input.fragments import Split
from pipelines.scoring.fragment_results import write_results
from pipelines.scoring.score_fragment import Work
from pipelines.tables.store_errors import store_errors

ERROR = ".error"  # what is wrong with the split's file
FATAL = ".fatal"  # what keeps every split from being scored


@beam.typehints.with_input_types(Split)
@beam.typehints.with_output_types(str)
class ScoreFragments(beam.PTransform):
    """Reads, validates, maps, predicts and writes each split, in one fused stage.

    A split is a row group of one file. Nothing but a summary leaves the
    worker: one file per split in the folder of outcomes, named after the
    split, so that a retry writes the same file again.
    """

    def __init__(self, work: Work, outcomes: str) -> None:
        super().__init__()
        self._work, self._outcomes = work, outcomes

    def expand(self, splits: PCollection[Split]) -> PCollection[str]:
        """Chain the steps."""
        return (
            splits
            | "Spread" >> beam.Reshuffle()
            | "ScoreAndWrite" >> beam.ParDo(_ScoreSplit(self._work, self._outcomes))
        )


class _ScoreSplit(beam.DoFn):
    def __init__(self, work: Work, outcomes: str) -> None:
        self._work, self._outcomes = work, outcomes

    def process(self, split: Split) -> Iterator[str]:
        try:
            outcome = self._work.outcome(split)
        except RecheckError as error:  # Beam would wrap it beyond recognition
            yield self._tell(split, FATAL, partial(write_error, error=error))
            return
        if outcome.error:
            yield self._tell(split, ERROR, partial(write_error, error=outcome.error))
        else:
            yield self._tell(split, "", partial(write_results, results=outcome.results))

    def _tell(self, split: Split, ending: str, write: Callable[[Path], None]) -> str:
        path = Path(self._outcomes) / f"{outcome_name(split)}{ending}"
        scratch = path.with_name(f".{path.name}")
        with store_errors(self._outcomes):
            write(scratch)
            scratch.replace(path)
        return path.name


def outcome_name(split: Split) -> str:
    """Name the file of the outcome of a split."""
    return f"{split.source.number:05d}-{split.row_group:05d}"
