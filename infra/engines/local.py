"""Beam's local runner: the same pipeline that runs on a cluster, in this process."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from typing import ClassVar

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from infra.clouds.folder import temporary_folder
from infra.settings import Settings
from pipelines.beam.fit import FAILED, STATISTICS, LearnStatistics
from pipelines.beam.score import ERROR, FATAL, REFUSED, ScoreFragments, outcome_name
from pipelines.errors import decode_error
from pipelines.features.fitted import FittedStatistics
from pipelines.input.fragments import Split
from pipelines.scoring.fragment_results import decode_results
from pipelines.scoring.score_fragment import Outcome, Work
from pipelines.tables.files import Files
from pipelines.training.rows import Reader


class Local:
    """Runs the pipelines with one worker, in this process."""

    name: ClassVar[str] = "local"

    def score(self, work: Work, splits: Sequence[Split]) -> Iterator[Outcome]:
        """Score the splits, and yield their outcomes in their order."""
        with temporary_folder() as outcomes:
            with pipeline() as begun:
                _ = (
                    begun
                    | "Splits" >> beam.Create(list(splits))
                    | "Score" >> ScoreFragments(work, outcomes)
                )
            for split in splits:
                yield _outcome(split, outcomes)

    def learn(self, reader: Reader, splits: Sequence[Split]) -> FittedStatistics:
        """Learn the statistics of the training rows of these splits."""
        with temporary_folder() as outcomes:
            with pipeline() as begun:
                _ = (
                    begun
                    | "Splits" >> beam.Create(list(splits))
                    | "Learn" >> LearnStatistics(reader, outcomes)
                )
            for stat in outcomes.list():
                if stat.name.endswith(FAILED):
                    raise decode_error(outcomes.read(stat.name))
            return FittedStatistics.from_dict(json.loads(outcomes.read(STATISTICS)))


def open_engine(settings: Settings) -> Local:
    """Open the engine; no setting changes it."""
    del settings
    return Local()


def pipeline() -> beam.Pipeline:
    """Make an empty pipeline on the local runner, with one worker."""
    # It warns of optional clients that are not installed.
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    return beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([], direct_num_workers=1))


def _outcome(split: Split, outcomes: Files) -> Outcome:
    name = outcome_name(split)
    for ending in (FATAL, ERROR):
        if outcomes.head(name + ending):
            error = decode_error(outcomes.read(name + ending))
            if ending == FATAL:
                raise error
            return Outcome(split, (), error)
    refused = json.loads(outcomes.read(name + REFUSED)) if outcomes.head(name + REFUSED) else {}
    return Outcome(
        split,
        tuple(decode_results(outcomes.read(name))),
        None,
        {batch: decode_error(error.encode()) for batch, error in refused.items()},
    )
