"""What measures hand over (`spec.figures`): shapes, edges, order, limits, and the way through a store."""

import msgspec
import numpy as np
import pytest

from gnomon.spec.errors import BadSpec
from gnomon.spec.figures import (
    disc_curve,
    map_curve,
    patch_curve,
    portrait_curve,
    section_curve,
    taylor_curve,
    tracks_curve,
)
from gnomon.spec.results import Curve, Details
from gnomon.store.results import Store
from tests.report.synthetic_results import synthetic_case
from tests.report.synthetic_spheres import LAT, LON, PRESSURE, sphere_curves

FIELD = np.random.default_rng(0).normal(size=(32, 64))


def one_map(lat=LAT, lon=LON, field=FIELD, **style) -> Curve:
    return map_curve("m", "a map", lat, lon, {"truth": field}, units="K", **style)


def test_a_map_reaches_from_pole_to_pole_and_from_0_to_360():
    curve = one_map()
    assert (curve.x_edges[0], curve.x_edges[-1]) == (0.0, 360.0)
    assert (curve.y_edges[0], curve.y_edges[-1]) == (-90.0, 90.0)
    image = np.array(curve.rasters["truth"])
    np.testing.assert_allclose(image[:, :64], FIELD, rtol=1e-3)
    np.testing.assert_array_equal(
        image[:, 64], image[:, 0]
    )  # the column that straddles Greenwich, cut in two


def test_the_order_of_rows_and_columns_does_not_matter():
    turned = one_map(LAT[::-1], LON - 180, np.roll(FIELD, 32, axis=1)[::-1])
    assert turned == one_map()


def test_columns_that_do_not_straddle_are_not_cut():
    curve = one_map(lon=LON + 2.8125)
    assert len(curve.rasters["truth"][0]) == 64
    assert curve.x_edges[1] == pytest.approx(5.625, rel=1e-3)


def test_a_region_keeps_its_own_edges():
    curve = map_curve("m", "m", [40, 50], [-10, 0, 10], {"truth": np.ones((2, 3))}, units="K")
    assert curve.x_edges == (-15.0, -5.0, 5.0, 15.0)
    with pytest.raises(BadSpec, match="must rise"):
        map_curve("m", "m", [40, 50], [350, 0, 10], {"truth": np.ones((2, 3))}, units="K")


def test_significance_turns_with_the_field():
    hot = FIELD > 1
    marks = one_map(LAT[::-1], field=FIELD[::-1], significant={"truth": hot[::-1]}).marked["truth"]
    np.testing.assert_array_equal([[c == "1" for c in row[:64]] for row in marks], hot)


def test_four_digits_and_none_for_what_is_not_finite():
    field = np.full((2, 2), 1.23456789)
    field[0, 0], field[0, 1], field[1, 1] = np.nan, np.inf, -0.0
    curve = map_curve("m", "m", [0, 10], [0, 10], {"truth": field}, units="K")
    assert curve.rasters["truth"] == ((None, None), (1.235, 0.0))


def test_sections_have_the_ground_at_the_end_whatever_the_order():
    field = np.arange(7.0)[:, None] * np.ones(32)
    down = section_curve("s", "s", LAT, PRESSURE, {"truth": field}, units="K")
    up = section_curve("s", "s", LAT[::-1], PRESSURE[::-1], {"truth": field[::-1]}, units="K")
    assert down == up
    assert down.rasters["truth"][0][0] == 6.0  # 50 hPa first
    assert down.y_edges[-1] == 1013.0
    assert down.y_edges[1] == pytest.approx(np.sqrt(50 * 100), rel=1e-3)
    assert section_curve("s", "s", LAT, PRESSURE, {"truth": field}, units="K", log=False).y_edges[1] == 75.0


def test_a_path_over_the_edge_is_cut_there():
    (series,) = tracks_curve("t", "t", {"truth": [([355, 5], [10, 20]), ([10, 20], [0, 1])]}).series
    assert series.x == (355, 360, None, 0, 5, None, 10, 20)
    assert series.y == (10, 15, None, 15, 20, None, 0, 1)
    (west,) = tracks_curve("t", "t", {"truth": [([5, 355], [10, 20])]}).series
    assert west.x == (5, 0, None, 360, 355)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: one_map(LAT[:5]), "expected 5 of 64"),
        (lambda: map_curve("m", "m", LAT, LON, dict.fromkeys("abcde", FIELD), units="K"), "at most 10000"),
        (lambda: map_curve("m", "m", [0.0], np.arange(20000.0), {"truth": np.ones((1, 20000))}, units="K"), "at most"),
        (lambda: one_map(levels=(1.0, 1.0)), "levels must rise"),
        (lambda: one_map(captions={"subject": "x"}), "no rasters"),
        (lambda: one_map(np.full(32, np.nan)), "finite"),
        (lambda: section_curve("s", "s", [0, 1], [0, 10], {"truth": np.ones((2, 2))}, units="K"), "positive"),
        (lambda: portrait_curve("p", "p", ["a", "a"], ["b"], {"truth": [[1], [2]]}), "differ"),
        (lambda: disc_curve("d", "d", [1, 2], [0, 100], {"truth": np.ones((2, 2))}, units="K"), "evenly"),
        (lambda: tracks_curve("t", "t", {"me": []}), "belong to one of"),
        (lambda: tracks_curve("t", "t", {"truth": [([1, 2], [1])]}), "2 longitudes and 1"),
        (lambda: taylor_curve("t", "t", {"subject": [("a", 1.0, 1.2)]}), "correlation"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(make, words):
    with pytest.raises(BadSpec, match=words):
        make()


def test_figures_that_lie_in_a_file_are_checked_when_they_are_read():
    plain = msgspec.to_builtins(one_map())
    plain["y_edges"] = plain["y_edges"][:-1]
    with pytest.raises(msgspec.ValidationError, match="31 rows of 65"):
        msgspec.convert(plain, Curve)


def test_a_store_gives_back_what_it_was_given(tmp_path):
    store = Store(tmp_path)
    result, details = synthetic_case("lorenz63", "nvar", "climate", 0.5, 0)
    given = Details(curves={"m": sphere_curves()}, unit_values=details.unit_values)
    store.put_result(result, given)
    assert Store(tmp_path).get_details(result.id) == given


def test_figures_written_before_the_sphere_still_load():
    old = {"name": "r", "title": "t", "kind": "raster", "x_label": "x", "y_label": "y", "log": "", "series": [],
           "rasters": {"truth": [[1.0, None]]}, "extent": [0, 1, 0, 1], "note": ""}  # fmt: skip
    curve = msgspec.convert(old, Curve)
    assert (curve.kind, curve.x_edges, curve.units) == ("raster", None, "")


def test_a_patch_and_a_disc_know_their_edges():
    patch = patch_curve("p", "p", [-1, 0, 1], [-1, 1], {"truth": np.ones((2, 3))}, units="K")
    assert (patch.x_edges, patch.y_edges) == ((-1.5, -0.5, 0.5, 1.5), (-2.0, 0.0, 2.0))
    disc = disc_curve("d", "d", [0.5, 1.5], [0, 90, 180, 270], {"truth": np.ones((2, 4))}, units="K")
    assert (disc.x_edges, disc.y_edges) == ((-45.0, 45.0, 135.0, 225.0, 315.0), (0.0, 1.0, 2.0))
