"""Fields that are read piece by piece, years in another order, the sea's index."""

import numpy as np
import pytest

from gnomon.archives import analysis_grid, open_collection
from gnomon.engine.archive_fields import Field, of_array, restricted
from gnomon.engine.archive_index import sea_index, smoothed
from gnomon.engine.archive_redraw import Keep, drivers, fit_forced, kept_forever, other_order, redrawn
from gnomon.engine.archive_series import calendar_of, field_of
from gnomon.engine.archive_world import baseline_of, experiment_for, flat_names
from gnomon.spec.errors import BadData
from tests.engine.archive_trees import COLUMNS, PATTERN, ROWS, sea, write_tree

X = np.random.default_rng(0).standard_normal((7, 3, 4, 5, 6)).astype(np.float32)


def watched():
    asked = []

    def read(u, m, leads):
        asked.append((len(u), len(m), len(leads)))
        return X[np.ix_(u, m, leads)]

    return Field(X.shape, read), asked


@pytest.mark.parametrize(
    "key",
    [
        2, -1, slice(1, 4), np.array([5, 0]), (slice(2, 3), 1), (slice(None), slice(0, 2), 3), (0, 0, 0, 1, 2),
        (slice(None), [0, 2]), (..., 1), (np.array([1, 2]), np.array([0, 1])), (3, slice(None), slice(1, 3), 2),
        np.array([True, False, True, False, False, False, False]),
    ],
    ids=str,
)  # fmt: skip
def test_a_field_reads_as_the_array_it_stands_for(key):
    field, _ = watched()
    np.testing.assert_array_equal(field[key], X[key])


def test_a_field_reads_only_what_is_asked_for():
    field, asked = watched()
    assert field[2:4, 1].shape == (2, 4, 5, 6)
    assert asked == [(2, 1, 4)]
    assert (field.ndim, field.size, field.nbytes, len(field)) == (5, X.size, X.nbytes, 7)
    np.testing.assert_array_equal(np.asarray(field), X)
    np.testing.assert_allclose(field.mean(axis=0), X.mean(axis=0))
    assert np.isfinite(field).all()
    with pytest.raises(AttributeError):
        field._private  # noqa: B018


def test_parts_of_a_field():
    part = restricted(of_array(X), units=np.array([6, 2]), members=np.array([1]))
    np.testing.assert_array_equal(part, X[[6, 2]][:, [1]])
    np.testing.assert_array_equal(restricted(part, units=np.array([1])), X[[2]][:, [1]])


def test_trend_and_response_are_fitted_together():
    years = np.arange(1980, 1999)
    rng = np.random.default_rng(1)
    index = rng.standard_normal((19, 12)) + np.arange(12)
    known = drivers(years, 12, index)
    trend, response = rng.standard_normal((2, 5, 6))
    season = 280 + rng.standard_normal((12, 5, 6))
    x = season + known.decades[:, None, None, None] * trend + known.el_nino[:, :, None, None] * response
    forced = fit_forced(of_array(x[:, None]), known)
    np.testing.assert_allclose(forced.trend, trend, atol=1e-4)
    np.testing.assert_allclose(forced.response, response, atol=1e-4)
    order = other_order(19, 3, rng)
    np.testing.assert_allclose(
        redrawn(of_array(x[:, None]), order, known, forced, keep=Keep()), x[:, None], atol=1e-3
    )
    left = np.asarray(redrawn(of_array(x[:, None]), order, known, forced, keep=Keep(False, False)))
    np.testing.assert_allclose(left, np.broadcast_to(season, left[:, 0].shape)[:, None], atol=1e-3)


def test_years_move_in_blocks_and_none_keeps_its_place():
    for seed in range(50):
        order = other_order(20, 3, np.random.default_rng(seed))
        assert (order != np.arange(20)).all()
        assert all((order[i + 1] - order[i]) % 20 == 1 for i in range(19) if (i + 1) % 3)
    assert list(other_order(2, 1, np.random.default_rng(0))) == [1, 0]


def test_the_null_that_keeps_the_first_month():
    kept = kept_forever(of_array(X))
    assert kept.shape == (7, 1, 4, 5, 6)
    np.testing.assert_array_equal(np.asarray(kept)[:, 0, 3], X[:, 0, 0])
    np.testing.assert_array_equal(np.asarray(kept_forever(of_array(X), shift=1))[0, 0, 0], X[1, 0, 0])


def test_three_month_means_stop_at_gaps():
    years = np.array([1980, 1981, 1985])
    box = np.zeros((3, 12))
    box[1, 11] = 3.0
    got = smoothed(box, years)
    assert got[1, 10] == pytest.approx(smoothed(box, np.array([1980, 1981, 1982]))[1, 10])
    base = box - box.mean(axis=0)
    assert got[2, 0] == pytest.approx(base[2, :2].mean())
    assert got[1, 5] == pytest.approx(base[1, 4:7].mean())


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("trees")
    return open_collection(
        write_tree(root, "Toy", years=(1991, 1994), warmings=(0, 2), daily=True, noise=0.2)
    )


def test_experiments_are_found_by_their_names(tree):
    assert baseline_of(tree) == "aimip"
    assert [experiment_for(tree, k) for k in ("free", "control", "daily", "shift+2", "shift+4")] == [
        "aimip", "aimip", "aimip", "aimip-p2k", None,
    ]  # fmt: skip
    assert flat_names(tree, "aimip") == ("pr", "ta850", "ta500", "tas", "ts")
    assert flat_names(tree, "aimip", days=True) == ("pr", "tas")
    with pytest.raises(BadData, match="holds no experiment 'amip'; it holds aimip"):
        baseline_of(tree, "amip")


def test_months_of_files_on_the_analysis_grid(tree):
    grid = analysis_grid(20.0)
    known = calendar_of(tree, "aimip", ("tas", "ta850"), days=False)
    assert known.years.tolist() == [1991, 1992, 1993, 1994]
    tas = field_of(tree, "aimip", ("r1i1p1f1",), "tas", grid, known)
    assert tas.shape == (4, 1, 12, len(grid.lat), COLUMNS)
    stored = tree.array("aimip", "r1i1p1f1", "tas").values
    inside = slice(0, ROWS) if len(grid.lat) == ROWS else slice(1, ROWS - 1)
    np.testing.assert_allclose(np.asarray(tas[2, 0]), stored[24:36, inside], rtol=1e-6)
    ta = field_of(tree, "aimip", ("r1i1p1f1",), "ta850", grid, known)
    np.testing.assert_allclose(ta[1], tas[1] - 10, atol=1e-3)


def test_days_of_files_leave_leap_days_out(tree):
    known = calendar_of(tree, "aimip", ("tas",), days=True)
    assert known.years.tolist() == [1991, 1992]  # 1992 has a 29 February
    assert (len(known.months), known.months[58], known.months[59]) == (365, 2, 3)
    field = field_of(tree, "aimip", ("r1i1p1f1",), "tas", analysis_grid(20.0), known, days=True)
    stored = tree.array("aimip", "r1i1p1f1", "tas", frequency="day").values
    rows = np.asarray(field[1, 0])
    inside = slice(0, ROWS) if rows.shape[1] == ROWS else slice(1, ROWS - 1)
    np.testing.assert_allclose(rows[58], stored[365 + 58, inside], rtol=1e-6)
    np.testing.assert_allclose(rows[59], stored[365 + 60, inside], rtol=1e-6)


def test_the_index_of_the_sea(tree):
    index = sea_index(tree, "aimip", analysis_grid(20.0))
    assert index["years"] == [1991, 1992, 1993, 1994]
    expected = smoothed(sea((1991, 1994)).reshape(4, 12), np.arange(1991, 1995))
    np.testing.assert_allclose(index["values"], expected, atol=1e-3)


def test_a_member_with_fewer_years_is_named(tmp_path):
    write_tree(tmp_path, "Toy", years=(1991, 1994), variables=("tas",))
    short = write_tree(tmp_path / "other", "Toy", years=(1991, 1993), variables=("tas",), members=2)
    second = short / "Inst" / "Toy" / "aimip" / "r2i1p1f1"
    second.rename(tmp_path / "Inst" / "Toy" / "aimip" / "r2i1p1f1")
    files = open_collection(tmp_path / "Inst")
    known = calendar_of(files, "aimip", ("tas",), days=False)
    field = field_of(files, "aimip", files.members("aimip"), "tas", analysis_grid(20.0), known)
    with pytest.raises(BadData, match="r2i1p1f1 of aimip does not hold tas over the same whole years"):
        np.asarray(field)


def test_a_calendar_of_360_days(tmp_path):
    root = write_tree(tmp_path, "Toy", years=(1991, 1992), variables=("tas",), calendar="360_day")
    files = open_collection(root)
    known = calendar_of(files, "aimip", ("tas",), days=False)
    assert known.years.tolist() == [1991, 1992]
    field = field_of(files, "aimip", ("r1i1p1f1",), "tas", analysis_grid(20.0), known)
    assert np.isfinite(np.asarray(field)).all()
    assert PATTERN.shape == (ROWS, COLUMNS)
