"""Whether a model was trained on the very rows that people checked.

Answers that a model has learned cannot judge it. A model that was trained on
many rows of a batch has met some of the checked ones by chance; one that was
trained on the checked ones has met far more of them than of the others.
"""

from __future__ import annotations

import math

import numpy as np

from pipelines.columns.buffers import Bools, Int32s

SEEN = "seen_in_training"  # a cohort that every job with a model has
_CHANCE = 1e-6  # of a false alarm, for a model that knows nothing of the draw


def is_learned(strata: Int32s, sampled: Bools, trained: Bools) -> bool:
    """Tell whether more sampled rows were trained on than chance explains.

    Args:
        strata: each row's stratum, a code from 0 on (n,).
        sampled: the rows that were drawn (n,).
        trained: the rows that the model was trained on (n,).

    Returns:
        True where a model that knows nothing of the draw would meet as many of its
        rows less often than once in a million times.

    Given the strata, the number of sampled rows among the trained ones is a sum
    of hypergeometric variables with mean E, and is x or more with a probability
    of at most exp(x - E) (E/x)**x.

    Source: Hoeffding, Probability inequalities for sums of bounded random
        variables, JASA 1963, theorem 4 (without replacement), with Chernoff's
        bound for the sum with replacement.

    >>> rows = np.arange(1000)
    >>> is_learned(np.zeros(1000, np.int32), rows < 50, rows < 20)
    True
    >>> is_learned(np.zeros(1000, np.int32), rows < 50, rows % 2 == 0)
    False
    """
    sizes = np.bincount(strata)
    drawn, known = (np.bincount(strata, weights=mask) for mask in (sampled, trained))
    expected = float((drawn * known / np.maximum(sizes, 1)).sum())
    met = int((sampled & trained).sum())
    if met <= expected:
        return False
    return met - expected + met * math.log(expected / met) < math.log(_CHANCE)
