"""How well a score ranks a class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from labeling.formulas.rankings import Ranked, Statistic, average_precision, ranked, roc_auc


@pytest.mark.parametrize("statistic", [roc_auc, average_precision])
def test_a_group_has_the_same_bits_whatever_groups_stand_before_it(
    statistic: Callable[[Ranked], Statistic],
) -> None:
    """So that a stored figure comes out again when other batches are not known yet."""
    rng = np.random.default_rng(5)
    score, weight = rng.random(400).round(2), rng.uniform(1, 90, 400)
    share = (rng.random(400) < score).astype(np.float64)
    group = np.repeat(np.arange(4), 100)
    last = group == 3

    among = statistic(ranked(score, share, weight, group, 4))
    alone = statistic(ranked(score[last], share[last], weight[last], group[last] - 3, 1))

    assert among.value[3] == alone.value[0]
    assert among.influence[last].tolist() == alone.influence.tolist()
