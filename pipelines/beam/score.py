"""A Beam transform that scores."""

from __future__ import annotations

import json
from collections.abc import Iterator

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import PCollection

from pipelines.errors import RecheckError, encode_error
from pipelines.input.fragments import Split
from pipelines.scoring.fragment_results import encode_results
from pipelines.scoring.score_fragment import Work
from pipelines.tables.files import Files

ERROR = ".error"  # what is wrong with the split's file
REFUSED = ".refused"  # what is wrong with some of its batches, as JSON
FATAL = ".fatal"  # what keeps every split from being scored


@beam.typehints.with_input_types(Split)
@beam.typehints.with_output_types(str)
class ScoreFragments(beam.PTransform):
    """Reads, validates, maps, predicts and writes each split, in one fused stage.

    A split is a row group of one file. Nothing but a summary leaves the
    worker: one file per split among the outcomes, named after the split, so
    that a retry writes the same file again.
    """

    def __init__(self, work: Work, outcomes: Files) -> None:
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
    def __init__(self, work: Work, outcomes: Files) -> None:
        self._work, self._outcomes = work, outcomes

    def process(self, split: Split) -> Iterator[str]:
        try:
            outcome = self._work.outcome(split)
        except RecheckError as error:  # Beam would wrap it beyond recognition
            yield self._put(split, FATAL, encode_error(error))
            return
        if outcome.error:
            yield self._put(split, ERROR, encode_error(outcome.error))
        else:
            if outcome.refused:
                refused = {batch: encode_error(e).decode() for batch, e in outcome.refused.items()}
                yield self._put(split, REFUSED, json.dumps(refused).encode())
            yield self._put(split, "", encode_results(outcome.results))

    def _put(self, split: Split, ending: str, content: bytes | pa.Buffer) -> str:
        name = f"{outcome_name(split)}{ending}"
        self._outcomes.put(name, content)
        return name


def outcome_name(split: Split) -> str:
    """Name the file of the outcome of a split."""
    return f"{split.source.number:05d}-{split.row_group:05d}"
