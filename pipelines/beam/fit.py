"""A Beam transform that learns the statistics of the features."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.beam.score import outcome_name
from pipelines.errors import RecheckError, encode_error
from pipelines.features.analysis import Accumulator, Statistics
from pipelines.input.fragments import Split
from pipelines.tables.files import Files
from pipelines.training.rows import Reader

STATISTICS = "statistics.json"  # the file of the result
FAILED = ".failed"


@beam.typehints.with_input_types(Split)
@beam.typehints.with_output_types(str)
class LearnStatistics(beam.PTransform):
    """Reads and summarizes the training rows of each split, merges, and writes the result as JSON.

    Errors are written beside it, to files whose names end in FAILED; with one
    of them there, the result means nothing.
    """

    def __init__(self, reader: Reader, outcomes: Files) -> None:
        super().__init__()
        self._reader, self._outcomes = reader, outcomes

    def expand(self, splits: PCollection[Split]) -> PCollection[str]:
        """Chain the steps."""
        return (
            splits
            | "Spread" >> beam.Reshuffle()
            | "Summarize" >> beam.ParDo(_Summarize(self._reader, self._outcomes))
            | "Merge" >> beam.CombineGlobally(_Merge(self._reader.statistics()))
            | "Write" >> beam.ParDo(_Write(self._reader.statistics(), self._outcomes))
        )


class _Summarize(beam.DoFn):
    def __init__(self, reader: Reader, outcomes: Files) -> None:
        self._reader, self._outcomes = reader, outcomes

    def process(self, split: Split) -> Iterator[Accumulator]:
        try:
            yield self._reader.summarize(split)
        except RecheckError as error:
            self._outcomes.put(f"{outcome_name(split)}{FAILED}", encode_error(error))


class _Merge(beam.CombineFn):
    """`Statistics` as a Beam combiner; each input is the accumulator of one split."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def create_accumulator(self) -> Accumulator:
        return self._statistics.create()

    def add_input(self, seen: Accumulator, split: Accumulator) -> Accumulator:
        return self._statistics.merge(seen, split)

    def merge_accumulators(self, accumulators: Iterable[Accumulator]) -> Accumulator:
        merged = self._statistics.create()
        for one in accumulators:
            merged = self._statistics.merge(merged, one)
        return merged

    def extract_output(self, seen: Accumulator) -> Accumulator:
        return seen


class _Write(beam.DoFn):
    def __init__(self, statistics: Statistics, outcomes: Files) -> None:
        self._statistics, self._outcomes = statistics, outcomes

    def process(self, seen: Accumulator) -> Iterator[str]:
        try:
            learned = self._statistics.result(seen).to_dict()
        except RecheckError as error:
            name, content = f"{STATISTICS}{FAILED}", encode_error(error)
        else:
            name, content = STATISTICS, json.dumps(learned).encode()
        self._outcomes.put(name, content)
        yield name
