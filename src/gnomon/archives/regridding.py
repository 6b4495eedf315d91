"""One grid for everything that is compared: a regular one of cells, reached by conservative or bilinear weights.

Rows and columns are regridded one after the other, y = A x Bᵀ, with A over the sines of latitudes and B around the
circle of longitudes: for grids of rows and columns this *is* first-order conservative regridding (Jones 1999,
doi:10.1175/1520-0493(1999)127<2204:FASOCR>2.0.CO;2), and two small matrices replace a big sparse one.
"""

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from gnomon.archives import packages
from gnomon.archives.axes import edges_of_rows, not_global
from gnomon.spec.cards import Grid
from gnomon.spec.errors import BadData

Method = Literal["conservative", "bilinear"]
VALID = 0.5
"""A cell of which less than this share is covered by values that are there is missing."""


def analysis_grid(degrees: float = 1.0, edge: float = 87.5) -> Grid:
    """Centres of equal cells, `degrees` apart, of the rows with |latitude| <= edge.

    With the defaults the grid on which AIMIP Phase 1 is evaluated: -87.5 … 87.5 and 0.5 … 359.5. Weights are the
    areas of the rows, which are proportional to cos(latitude) on such a grid.

    Raises:
        BadData: where 180 degrees are no whole number of cells.
    """
    rows = round(180 / degrees)
    if rows < 2 or abs(rows * degrees - 180) > 1e-9 * 180:
        raise BadData(
            f"an analysis grid of {degrees:g} degrees does not divide 180; take 1, 1.5, 2, 2.5, 3, 5 or 10"
        )
    lat = (np.arange(rows) + 0.5) * degrees - 90
    lat = lat[np.abs(lat) <= edge + 1e-9]
    lon = (np.arange(2 * rows) + 0.5) * degrees
    weights = np.cos(np.deg2rad(lat))
    return Grid(
        lat=tuple(map(float, lat)),
        lon=tuple(map(float, lon)),
        weights=tuple(map(float, weights / weights.sum())),
    )


def finest_grid(source: Grid, degrees: float = 1.0, edge: float = 87.5) -> Grid:
    """The analysis grid for data that are coarser than it: of whole cells no smaller than the data's own."""
    own = max(180 / len(source.lat), 360 / len(source.lon))
    if own <= 1.5 * degrees:
        return analysis_grid(degrees, edge)
    fitting = [d for d in (1.5, 2.0, 2.5, 3.0, 5.0, 6.0, 10.0, 15.0, 20.0) if d >= 0.99 * own]
    return analysis_grid(fitting[0] if fitting else 30.0, edge)


def regrid(array: Any, grid: Grid, *, method: Method = "conservative") -> Any:
    """A lazy array (..., lat, lon) on another grid, block by block; nothing is computed.

    Missing values (NaN) take no part: a cell is the mean of what is there, and missing itself where that is less
    than half of it. An array that lies on the grid already is handed back as it is.

    Args:
        array: an `xarray.DataArray` as `Collection.array` gives it: south to north, 0 to 360 degrees.
        grid: from `analysis_grid`, or any of rows and columns.
        method: "conservative" keeps area means and is for coarser grids; "bilinear" is smoother where the new grid is
            finer (conservative weights would repeat each old cell).

    Raises:
        BadData: for an array of a part of the globe: its outer cells would be stretched over the rest.
    """
    lat, lon = np.asarray(array["lat"].values, float), np.asarray(array["lon"].values, float)
    new_lat, new_lon = np.asarray(grid.lat), np.asarray(grid.lon)
    if _same(lat, new_lat) and _same(lon, new_lon):
        return array.assign_coords(lat=new_lat, lon=new_lon)
    for axis, values in (("lat", lat), ("lon", lon)):
        if lacking := not_global(axis, values):
            raise BadData(f"{array.name or 'the field'} {lacking}; give files of the whole globe")
    rows, columns = matrices(tuple(lat), tuple(lon), grid, method)
    xr = packages.xarray()
    if array.chunks:
        array = array.chunk({"lat": -1, "lon": -1})
    moved = xr.apply_ufunc(
        _apply, array, kwargs={"rows": rows, "columns": columns}, input_core_dims=[["lat", "lon"]],
        output_core_dims=[["new_lat", "new_lon"]], dask="parallelized", output_dtypes=[array.dtype], keep_attrs=True,
        dask_gufunc_kwargs={"output_sizes": {"new_lat": len(new_lat), "new_lon": len(new_lon)}},
    )  # fmt: skip
    return moved.rename(new_lat="lat", new_lon="lon").assign_coords(lat=new_lat, lon=new_lon)


@lru_cache(maxsize=32)
def matrices(
    lat: tuple[float, ...], lon: tuple[float, ...], grid: Grid, method: Method
) -> tuple[np.ndarray, np.ndarray]:
    """The weights of rows [new, old] and columns [new, old]; every row of them sums to 1 where the old grid reaches."""
    if method == "bilinear":
        return _linear(np.array(lat), np.array(grid.lat)), _linear_around(np.array(lon), np.array(grid.lon))
    if method != "conservative":
        raise BadData(f"no way to regrid called {method!r}; expected 'conservative' or 'bilinear'")
    old, new = (np.sin(np.deg2rad(edges_of_rows(np.array(x)))) for x in (lat, grid.lat))
    shared = np.minimum(new[1:, None], old[None, 1:]) - np.maximum(new[:-1, None], old[None, :-1])
    rows = np.clip(shared, 0, None)
    columns = _around(np.array(lon), np.array(grid.lon))
    return _normal(rows), _normal(columns)


def _apply(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A x Bᵀ in double precision, renormalised by the share of values that are there."""
    there = np.isfinite(x)
    if there.all():
        return _both(x.astype(float), rows, columns).astype(x.dtype)
    total = _both(np.where(there, x, 0.0).astype(float), rows, columns)
    share = _both(there.astype(float), rows, columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(share >= VALID - 1e-9, total / share, np.nan).astype(x.dtype)


def _both(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Sparse products: few weights differ from zero, and the order of the sums does not depend on threads of a BLAS."""
    *front, nlat, nlon = x.shape
    around = (csr_array(columns) @ x.reshape(-1, nlon).T).T.reshape(-1, nlat, len(columns))
    turned = np.ascontiguousarray(around.transpose(1, 0, 2)).reshape(nlat, -1)
    out = (csr_array(rows) @ turned).reshape(len(rows), -1, len(columns))
    return np.ascontiguousarray(out.transpose(1, 0, 2)).reshape(*front, len(rows), len(columns))


def _around(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Shared lengths of cells on a circle of 360 degrees."""
    a, b = _edges_around(old), _edges_around(new)
    shared = np.zeros((len(new), len(old)))
    for turn in (-360.0, 0.0, 360.0):
        over = np.minimum(b[1:, None], a[None, 1:] + turn) - np.maximum(b[:-1, None], a[None, :-1] + turn)
        shared += np.clip(over, 0, None)
    return shared


def _edges_around(lon: np.ndarray) -> np.ndarray:
    following = np.concatenate([lon[1:], [lon[0] + 360.0]])
    after = 0.5 * (lon + following)
    return np.concatenate([[after[-1] - 360.0], after])


def _linear(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Weights between neighbouring rows; beyond the outermost row its own value."""
    place = np.interp(new, old, np.arange(len(old), dtype=float))
    low = np.clip(np.floor(place).astype(int), 0, max(0, len(old) - 2))
    out = np.zeros((len(new), len(old)))
    out[np.arange(len(new)), low] = 1 - (place - low)
    out[np.arange(len(new)), np.minimum(low + 1, len(old) - 1)] += place - low
    return out


def _linear_around(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    wide = np.concatenate([[old[-1] - 360.0], old, [old[0] + 360.0]])
    weights = _linear(wide, new)
    out = weights[:, 1:-1].copy()
    out[:, -1] += weights[:, 0]
    out[:, 0] += weights[:, -1]
    return out


def _normal(shared: np.ndarray) -> np.ndarray:
    """Rows that sum to 1; NaN in the first place of a row that the old grid does not reach, so that it is missing."""
    total = shared.sum(1, keepdims=True)
    out = np.divide(shared, total, out=np.zeros_like(shared), where=total > 0)
    out[total[:, 0] == 0, 0] = np.nan
    return out


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return len(a) == len(b) and bool(np.allclose(a, b, rtol=0, atol=1e-3))
