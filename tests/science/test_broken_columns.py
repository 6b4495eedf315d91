"""The command that counts broken columns: runs that were lost, and whether they were moist aloft before."""

import numpy as np
import pytest

from validation.broken_columns import Truth, counted


def test_a_lost_run_counts_as_moist_only_if_it_was_seen_so():
    truth = Truth(1e-5, np.full((2, 3), 270.0))
    moist, air = np.full((4, 5, 2, 3), 1e-5), np.full((4, 5, 2, 3), 271.0)
    moist[1, 0, 1, 2] = 1e-3  # seen, and lost the day after
    moist[1, 1:] = air[1, 1:] = np.nan
    moist[2] = air[2] = np.nan  # lost before the first day that is kept
    air[3, 4, 0, 0] = 140.0
    one = counted(moist, air, np.array([-1, 1, 0, -1]), truth)
    assert (one.runs, one.lost, one.unseen, one.moist, one.both) == (4, 2, 1, 1, 1)
    assert one.peak == pytest.approx(1e-3)
    assert one.far == pytest.approx(130.0)
