"""Partitions of a table: folders whose names hold the values of some columns.

>>> folder(["job", "batch"], {"job": "loans", "batch": "a/b"})
'job=loans/batch=a%2Fb/'
>>> values_of("job=loans/batch=a%2Fb")
{'job': 'loans', 'batch': 'a/b'}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa

from pipelines.columns import bool_array, dictionary_codes


def folder(columns: Sequence[str], partition: Mapping[str, str]) -> str:
    """The folder of a partition, relative to the table, with a slash at the end.

    Whatever the values are, they make one level of folders each.
    """
    return "".join(f"{name}={quote(partition[name], safe='')}/" for name in columns)


def values_of(place: str) -> dict[str, str]:
    """The values that a folder's name holds."""
    return dict(_unfold(level) for level in place.split("/") if level)


def split(columns: Sequence[str], rows: pa.Table) -> Iterator[tuple[dict[str, str], pa.Table]]:
    """The rows of each partition, without the columns that its folder holds."""
    kept = [name for name in rows.schema.names if name not in columns]
    rows = rows.combine_chunks()
    coded = [dictionary_codes(rows[name].combine_chunks()) for name in columns]
    codes = np.stack([codes for codes, _ in coded], axis=1)
    for combination in np.unique(codes, axis=0):
        values = [words[code] for (_, words), code in zip(coded, combination, strict=True)]
        mask = bool_array((codes == combination).all(axis=1))
        yield dict(zip(columns, values, strict=True)), rows.filter(mask).select(kept)


def _unfold(level: str) -> tuple[str, str]:
    name, _, value = level.partition("=")
    return name, unquote(value)
