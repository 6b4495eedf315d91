"""Walking in time gives what reading everything gives, to the last bit for any number of workers."""

import importlib
import itertools
from typing import Any

import numpy as np
import pytest

from gnomon.archives import open_collection, scan
from gnomon.archives.calendars import days_in, days_of_month
from gnomon.spec.errors import BadData
from tests.archives.faults import calendar
from tests.archives.make_trees import aimip_tree, cmip_tree

xr: Any = importlib.import_module("xarray")
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return open_collection(
        aimip_tree(
            tmp_path_factory.mktemp("scan"), variables=("tas", "ta"), daily=("tas",), years=(1979, 1984)
        )
    )


def series(values, start="1979-01-01", step="D", chunk=17):
    time = np.datetime64(start, step) + np.arange(len(values))
    x = np.asarray(values, float)[:, None, None] * np.ones((1, 2, 3))
    return xr.DataArray(
        x, dims=("time", "lat", "lon"), coords={"time": time.astype("datetime64[ns]")}, name="x"
    ).chunk(time=chunk)


def test_yearly_means(tree):
    array = tree.array("aimip", "r1i1p1f1", "tas")
    found = scan.yearly_means(array)
    assert found.years.tolist() == list(range(1979, 1985))
    first = (array.values[:12].astype(float) * DAYS[:, None, None]).sum(0) / 365
    np.testing.assert_allclose(found.values[0], first, rtol=1e-14)


def test_only_whole_years_count(tree):
    array = tree.array("aimip", "r1i1p1f1", "tas").isel(time=slice(3, 40))
    assert scan.yearly_means(array).years.tolist() == [1980, 1981]
    assert scan.yearly_means(array, partial=True).years.tolist() == [1979, 1980, 1981, 1982]
    with pytest.raises(BadData, match="no whole year"):
        scan.yearly_means(array.isel(time=slice(0, 5)))


def test_shares_of_a_year(tree):
    array = tree.array("aimip", "r1i1p1f1", "tas", frequency="day")
    found = scan.yearly_means(array, of=lambda x: x < 285)
    np.testing.assert_allclose(found.values[0], (array.values < 285).mean(0), rtol=1e-13)


def test_monthly_means_and_climatology(tree):
    daily = scan.monthly_means(tree.array("aimip", "r1i1p1f1", "tas", frequency="day"))
    assert daily.months.tolist() == list(range(1, 13))
    monthly = tree.array("aimip", "r1i1p1f1", "tas")
    climate = scan.monthly_climatology(monthly)
    np.testing.assert_allclose(climate[6], monthly.values[6::12].astype(float).mean(0), rtol=1e-13)
    assert np.isnan(scan.monthly_climatology(monthly.isel(time=slice(0, 3)))[3:]).all()


def test_weather_within_months():
    rng = np.random.default_rng(0)
    season = np.repeat(np.arange(12.0) * 100, DAYS)  # steps between months are no weather
    weather = rng.standard_normal(365)
    found = scan.within_month_std(series(season + weather))
    edges = np.concatenate([[0], np.cumsum(DAYS)])
    inside = [((weather[a:b] - weather[a:b].mean()) ** 2).sum() for a, b in itertools.pairwise(edges)]
    np.testing.assert_allclose(found.values, np.sqrt(sum(inside) / 365), rtol=1e-10)
    assert found.values.shape == (1, 2, 3)


def test_projections_are_a_regression(tree):
    array = tree.array("aimip", "r1i1p1f1", "ta500")
    t = np.arange(array.sizes["time"]) / 12.0
    design = np.stack([np.ones_like(t), t, np.cos(2 * np.pi * t)], axis=1)
    sums = scan.projections(array, design)
    found = np.linalg.solve(design.T @ design, sums.reshape(3, -1))
    expected = np.linalg.lstsq(design, array.values.reshape(len(t), -1).astype(float), rcond=None)[0]
    np.testing.assert_allclose(found, expected, atol=1e-8)
    with pytest.raises(BadData, match=r"expected \[time, k\]"):
        scan.projections(array, design[:-1])


def numbers(array, daily, **how):
    return [
        scan.yearly_means(array, **how).values, scan.monthly_climatology(array, **how),
        scan.within_month_std(daily, **how).values, scan.projections(array, np.ones((array.sizes["time"], 1)), **how),
    ]  # fmt: skip


def test_one_worker_and_many_give_the_same_bits(tree):
    array = tree.array("aimip", "r1i1p1f1", "tas")
    daily = tree.array("aimip", "r1i1p1f1", "tas", frequency="day").chunk(time=20)
    one = numbers(array, daily, workers=1)
    for workers in (2, 5):
        for a, b in zip(one, numbers(array, daily, workers=workers), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_cluster_gives_the_same_bits(tree, workers):
    distributed = importlib.import_module("distributed")
    array = tree.array("aimip", "r1i1p1f1", "tas")
    daily = tree.array("aimip", "r1i1p1f1", "tas", frequency="day").chunk(time=20)
    with distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            there = numbers(array, daily, client=client)
    for a, b in zip(numbers(array, daily), there, strict=True):
        np.testing.assert_array_equal(a, b)


def test_progress_reaches_its_end(tree):
    told = []
    scan.yearly_means(
        tree.array("aimip", "r1i1p1f1", "tas"), workers=1, progress=lambda a, b: told.append((a, b))
    )
    assert told == [(2, 6), (4, 6), (6, 6)]


def test_only_a_few_blocks_are_in_flight():
    """Blocks are made, reduced and let go: never more than the window is alive at once."""
    dask_array = importlib.import_module("dask.array")
    alive, most = set(), []

    def make(block_info=None):
        i = block_info[None]["chunk-location"][0]
        alive.add(i)
        most.append(len(alive))
        return np.full((10, 2, 2), float(i))

    def drop(x, piece):
        alive.discard(int(x[0, 0, 0]))
        return float(x.mean())

    data = dask_array.map_blocks(make, chunks=((10,) * 40, (2,), (2,)), dtype=float)
    time = np.datetime64("2000-01-01", "ns") + np.arange(400) * np.timedelta64(1, "D")
    array = xr.DataArray(data, dims=("time", "lat", "lon"), coords={"time": time}, name="x")
    found = [value for _, value in scan.walk(array, drop, workers=2)]
    assert found == list(map(float, range(40)))
    assert max(most) <= 4


def test_missing_steps_make_a_missing_mean(tree):
    array = tree.array("aimip", "r1i1p1f1", "tas").compute()
    array.values[5, 3, 4] = np.nan
    found = scan.yearly_means(array.chunk(time=12))
    assert np.isnan(found.values).sum() == 1
    assert np.isnan(found.values[0, 3, 4])


def test_years_of_other_calendars(tmp_path):
    root = aimip_tree(tmp_path, variables=("tas",), changes={"tas": calendar("360_day")})
    array = open_collection(root).array("aimip", "r1i1p1f1", "tas")
    found = scan.yearly_means(array)
    assert found.years.tolist() == [1979, 1980, 1981]
    np.testing.assert_allclose(found.values[0], array.values[:12].astype(float).mean(0), rtol=1e-13)
    assert days_in(2000, "standard") == 366
    assert days_in(1900, "standard") == 365
    assert [days_of_month(2001, m, "noleap") for m in range(1, 13)] == DAYS.tolist()
    assert days_of_month(2001, 2, "360_day") == 30


def test_between_years(tmp_path):
    c = open_collection(cmip_tree(tmp_path, variables=("tas",)))
    array = scan.between(c.array("historical", "r1i1p1f1", "tas"), 1980, 1981)
    assert array.sizes["time"] == 24
    with pytest.raises(BadData, match="no time in 2001-2002"):
        scan.between(array, 2001, 2002)
