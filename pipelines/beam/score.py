"""Scoring as a Beam composite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.errors import RecheckError, write_error
from pipelines.input.fragments import Piece
from pipelines.scoring.parts import write_parts
from pipelines.scoring.score_fragment import Work
from pipelines.tables.store_errors import store_errors

ERROR = ".error"  # what is wrong with the piece's file
FATAL = ".fatal"  # what keeps every piece from being scored


@beam.typehints.with_input_types(Piece)
@beam.typehints.with_output_types(str)
class ScorePieces(beam.PTransform):
    """Read, validate, map, predict and write each piece, in one fused stage.

    A piece is a row group of one file. Nothing but a summary leaves the
    worker: one file per piece in the folder of outcomes, named after the
    piece, so that a retry writes the same file again.
    """

    def __init__(self, work: Work, outcomes: str) -> None:
        super().__init__()
        self._work, self._outcomes = work, outcomes

    def expand(self, pieces: PCollection[Piece]) -> PCollection[str]:
        """Chain the steps."""
        return (
            pieces
            | "Spread" >> beam.Reshuffle()
            | "ScoreAndWrite" >> beam.ParDo(_ScorePiece(self._work, self._outcomes))
        )


class _ScorePiece(beam.DoFn):
    def __init__(self, work: Work, outcomes: str) -> None:
        self._work, self._outcomes = work, outcomes

    def process(self, piece: Piece) -> Iterator[str]:
        try:
            outcome = self._work.outcome(piece)
        except RecheckError as error:  # Beam would wrap it beyond recognition
            yield self._tell(piece, FATAL, partial(write_error, error=error))
            return
        if outcome.error:
            yield self._tell(piece, ERROR, partial(write_error, error=outcome.error))
        else:
            yield self._tell(piece, "", partial(write_parts, parts=outcome.parts))

    def _tell(self, piece: Piece, ending: str, write: Callable[[Path], None]) -> str:
        path = Path(self._outcomes) / f"{outcome_name(piece)}{ending}"
        scratch = path.with_name(f".{path.name}")
        with store_errors(self._outcomes):
            write(scratch)
            scratch.replace(path)
        return path.name


def outcome_name(piece: Piece) -> str:
    """The name of the file that tells what became of a piece."""
    return f"{piece.source.number:05d}-{piece.row_group:05d}"
