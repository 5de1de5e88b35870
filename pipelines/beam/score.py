"""Scoring as a Beam composite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
from apache_beam.pvalue import PCollection

from pipelines.fragments import Piece
from pipelines.parts import to_bytes
from pipelines.scoring import Work


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
        outcome = self._work.outcome(piece)
        name = outcome_name(piece)
        if outcome.error:
            content = f"{type(outcome.error).__name__}\n{outcome.error.problem}\n{outcome.error.fix}".encode()
            name += ".error"
        else:
            content = to_bytes(outcome.parts)
        path = Path(self._outcomes) / name
        scratch = path.with_suffix(".part")
        scratch.write_bytes(content)
        scratch.replace(path)
        yield name


def outcome_name(piece: Piece) -> str:
    """The name of the file that tells what became of a piece."""
    return f"{piece.source.number:05d}-{piece.row_group:05d}"
