"""Lists of a parsed file as tuples, which the strict models of job file and features take."""

from __future__ import annotations


def frozen_lists(content: object) -> object:
    """Return a table of a parsed file with its lists as tuples, whatever else it is as it is.

    >>> frozen_lists({"edges": [1, 2], "column": "age"})
    {'edges': (1, 2), 'column': 'age'}
    """
    if not isinstance(content, dict):
        return content
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
    }
