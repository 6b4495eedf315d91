"""Points that never vary are no discovery, and no warning either."""

import numpy as np

from gnomon.measures.sphere.maps import significant


def test_a_still_field_beside_a_moving_one():
    rng = np.random.default_rng(0)
    still, moving = np.full((6, 3, 4), 280.0), 280.0 + rng.standard_normal((6, 3, 4))
    assert not significant(still, still).any()
    assert not significant(still + 1e-13 * rng.standard_normal((6, 3, 4)), still).all()
    assert significant(moving + 50.0, moving).all()
