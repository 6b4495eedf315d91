import base64
import gzip
import json

import numpy as np
import pytest

from gnomon.report.payload import Pool, pack, short
from gnomon.spec.results import Curve, Series
from tests.report.synthetic_curves import curves_of


def growth(lost: float) -> Curve:
    return curves_of("error_growth", lost, np.random.default_rng(0), 300)[0]


def test_what_learners_share_is_stored_once():
    pool = Pool(400)
    first, again, other = pool.add(growth(0.5)), pool.add(growth(0.5)), pool.add(growth(0.9))
    assert first == again != other
    shared, own = 1 + 1 + 3, 3  # the axis, the null, the floor with its band; a subject with its band
    assert len(pool.arrays) == shared + 2 * own


@pytest.mark.parametrize(
    ("value", "kept"),
    [(0.123456, 0.1235), (3.0, 3), (1234567.0, 1235000.0), (float("inf"), None), (None, None), (-0.0, 0)],
)
def test_numbers_are_rounded_to_four_digits(value, kept):
    assert short(value) == kept


def test_thinning_keeps_both_ends_and_is_told():
    pool = Pool(11)
    pool.add(growth(0.5))
    assert pool.thinned
    x = pool.arrays[0]
    assert (len(x), x[0], x[-1]) == (11, 0, 8)
    assert not Pool(300).thinned


def test_a_raster_survives_in_grey_levels():
    image = tuple(tuple(float(i * j) for i in range(6)) for j in range(5))
    curve = Curve(name="r", title="r", kind="raster", x_label="x", y_label="y", rasters={"truth": image})
    pool = Pool(400)
    figure = pool.figures[pool.add(curve)]
    label, role, wide, low, high, at = figure["images"][0]
    back = np.array(pool.arrays[at], dtype=float).reshape(-1, wide) / 255 * (high - low) + low
    assert (label, role) == ("truth", "truth")
    np.testing.assert_allclose(back, image, atol=20 / 255)


def test_packed_data_is_plain_letters_and_always_the_same():
    data = {"label": "</script><b>", "x": [1, None]}
    text = pack(data)
    assert text == pack(data)
    assert text.replace("+", "").replace("/", "").rstrip("=").isalnum()
    assert json.loads(gzip.decompress(base64.b64decode(text))) == data


def test_points_without_a_value_stay_none():
    series = Series(label="s", role="subject", x=(0.0, 1.0), y=(float("inf"), 2.0))
    pool = Pool(10)
    pool.add(Curve(name="c", title="c", kind="line", x_label="x", y_label="y", series=(series,)))
    assert [None, 2] in pool.arrays
