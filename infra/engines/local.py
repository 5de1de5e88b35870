"""Beam's local runner: the same pipeline that runs on a cluster, in this process."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from infra.settings import Settings
from pipelines.beam.fit import FAILED, LearnStatistics
from pipelines.beam.score import ERROR, FATAL, ScoreFragments, outcome_name
from pipelines.errors import read_error
from pipelines.features.fitted import FittedStatistics
from pipelines.input.fragments import Split
from pipelines.scoring.fragment_results import read_results
from pipelines.scoring.score_fragment import Outcome, Work
from pipelines.training.rows import Reader


class Local:
    """Runs the pipelines with one worker, in this process."""

    name: ClassVar[str] = "local"

    def score(self, work: Work, splits: Sequence[Split]) -> Iterator[Outcome]:
        """Score the splits; outcomes come in their order."""
        with tempfile.TemporaryDirectory(prefix="recheck-") as folder:
            with pipeline() as begun:
                _ = (
                    begun
                    | "Splits" >> beam.Create(list(splits))
                    | "Score" >> ScoreFragments(work, folder)
                )
            for split in splits:
                yield _outcome(split, Path(folder))

    def learn(self, reader: Reader, splits: Sequence[Split]) -> FittedStatistics:
        """Learn the statistics of the training rows of these splits."""
        with tempfile.TemporaryDirectory(prefix="recheck-") as folder:
            path = Path(folder) / "statistics.json"
            with pipeline() as begun:
                _ = (
                    begun
                    | "Splits" >> beam.Create(list(splits))
                    | "Learn" >> LearnStatistics(reader, str(path))
                )
            for failed in sorted(Path(folder).glob(f"*{FAILED}")):
                raise read_error(failed)
            return FittedStatistics.from_dict(json.loads(path.read_text(encoding="utf-8")))


def open_engine(settings: Settings) -> Local:
    """Open the engine; no setting changes it."""
    del settings
    return Local()


def pipeline() -> beam.Pipeline:
    """Make an empty pipeline on the local runner, with one worker."""
    # It warns of clients that nobody asked for.
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    return beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([], direct_num_workers=1))


def _outcome(split: Split, folder: Path) -> Outcome:
    path = folder / outcome_name(split)
    for ending in (FATAL, ERROR):
        failed = path.with_name(path.name + ending)
        if failed.is_file():
            error = read_error(failed)
            if ending == FATAL:
                raise error
            return Outcome(split, (), error)
    return Outcome(split, tuple(read_results(path)), None)
