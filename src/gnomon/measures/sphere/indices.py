"""Indices of a mean climate: a few numbers each, whose change under warming is judged.

An index is a function of one unit's mean fields. Its change is the difference of two climates, or 100 times the
logarithm of their ratio. Positions of jets, edges and storm tracks are parabolas through three points or zero
crossings, so that they move by less than the grid. On T21 a position is good to about a degree; which definition is
used matters as much (Adam et al. 2018, doi:10.5194/gmd-11-4339-2018), and truth and model get the same one.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import numpy as np

from gnomon.measures.sphere.fields import LEVELS, Sphere
from gnomon.numerics.moist import lift
from gnomon.numerics.sphere.grid import area_mean, box
from gnomon.numerics.sphere.vertical import mass_streamfunction, pressure_integral

Fields = Mapping[str, np.ndarray]  # variable -> [lat, lon] mean of one unit
Shown = Literal["first", "rms", "amplification", "ratio"]

TROPICS = (-20.0, 20.0)
ADIABAT = (700, 500, 250)  # hPa, where the tropics are held against the moist adiabat
PROFILE = (850, 700, 500, 250)
AIR = tuple(f"ta{p}" for p in LEVELS)
WATER = tuple(f"hus{p}" for p in LEVELS)
NORTHWARD = tuple(f"va{p}" for p in LEVELS)
STORMY = ("eke250",)  # made from saved series by `warming_climates`, not a variable of a world


class Index(NamedTuple):
    """An index.

    Attributes:
        units: of the quoted change.
        needs: variables of which `of` wants the mean.
        of: fields and grid -> [component]; NaN where the index does not exist in that climate.
        graded: whether it means something on a world whose land temperatures are prescribed.
        meaning: in words.
        log: whether the change is 100 ln(warm / control) instead of warm - control.
        per_surface: whether the quoted number is a kelvin of the model's own surface warming, instead of the forcing.
        shown: how components make the quoted number: the first; their root-mean-square; the largest over the
            first; the first over the second.
    """

    units: str
    needs: tuple[str, ...]
    of: Callable[[Fields, Sphere], np.ndarray]
    graded: bool
    meaning: str
    log: bool = False
    per_surface: bool = False
    shown: Shown = "first"


def change_of(index: Index, control: np.ndarray, warm: np.ndarray) -> np.ndarray:
    """[..., component] change between two climates' indices; NaN where one of them does not exist."""
    if not index.log:
        return warm - control
    with np.errstate(divide="ignore", invalid="ignore"):
        out = 100 * np.log(warm / control)
    return np.where(np.isfinite(out), out, np.nan)


def quoted(index: Index, change: np.ndarray, forcing: float | np.ndarray) -> np.ndarray:
    """[...] the number a person would quote of changes [..., component] under a forcing in kelvin."""
    if index.shown == "rms":
        return np.sqrt((change**2).mean(axis=-1)) / forcing
    if index.shown in ("amplification", "ratio"):
        top = change.max(axis=-1) if index.shown == "amplification" else change[..., 0]
        base = change[..., 0 if index.shown == "amplification" else 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(np.abs(base) > 1e-9, top / base, np.nan)
    return change[..., 0] / forcing


def zonal(x: np.ndarray) -> np.ndarray:
    """[lat] mean over longitude."""
    return np.asarray(x, float).mean(axis=-1)


def band_mean(x: np.ndarray, where: Sphere, south: float, north: float) -> float:
    """Area mean of [lat] values over a band of latitudes."""
    rows = ((where.lat >= south) & (where.lat <= north)) * where.weights
    return float((x * rows).sum() / rows.sum())


def peak(lat: np.ndarray, x: np.ndarray, south: float, north: float) -> tuple[float, float]:
    """Latitude and value of the maximum in a band; NaN where it lies on the border of the band.

    The vertex of the parabola through the highest point and its neighbours.
    """
    rows = np.flatnonzero((lat >= south) & (lat <= north))
    if len(rows) < 3:
        return np.nan, np.nan
    i = int(rows[np.argmax(x[rows])])
    if i in (rows[0], rows[-1]) or not np.isfinite(x[i - 1 : i + 2]).all():
        return np.nan, np.nan
    a, b, c = np.polyfit(lat[i - 1 : i + 2] - lat[i], x[i - 1 : i + 2], 2)
    if a >= 0:
        return float(lat[i]), float(x[i])
    away = -b / (2 * a)
    return float(lat[i] + away), float(c + b * away / 2)


def crossing(lat: np.ndarray, x: np.ndarray, start: int, way: int) -> float:
    """Latitude of the first change of sign of x from index `start` on, going `way` (+1 north, -1 south).

    Linear between points; NaN where there is none.
    """
    i = start
    while 0 <= i + way < len(lat):
        if x[i] * x[i + way] <= 0 and x[i] != x[i + way]:
            return float(lat[i] + (lat[i + way] - lat[i]) * x[i] / (x[i] - x[i + way]))
        i += way
    return float("nan")


def hadley(v: np.ndarray, where: Sphere, ps: np.ndarray, way: int) -> tuple[float, float]:
    """Edge (degrees) and strength (1e10 kg s-1) of a Hadley cell, the northern (`way` +1) or the southern (-1).

    From [v] on `LEVELS`. Strength is the maximum of +-psi within 30 degrees at any level, the edge the first zero
    crossing of psi at 500 hPa poleward of its maximum there (TropD, Adam et al. 2018, doi:10.5194/gmd-11-4339-2018).
    """
    psi = way * mass_streamfunction(v, where.lat, np.array(LEVELS), ps)
    inner = np.flatnonzero(np.abs(where.lat) <= 30)
    middle = psi[LEVELS.index(500)]
    top = int(inner[np.argmax(middle[inner])])
    if middle[top] <= 0:
        return float("nan"), float("nan")
    return crossing(where.lat, middle, top, way), float(psi[:, inner].max() / 1e10)


def tropical(fields: Fields, where: Sphere, names: tuple[str, ...]) -> np.ndarray:
    """[name] means over 20S-20N."""
    return np.array([band_mean(zonal(fields[name]), where, *TROPICS) for name in names])


def adiabat(fields: Fields, where: Sphere, levels: tuple[int, ...] = ADIABAT) -> np.ndarray:
    """[level] temperature of the parcel of the tropical mean at 1000 hPa, lifted along a pseudoadiabat, K."""
    t, q = tropical(fields, where, ("ta1000", "hus1000"))
    return lift(t, q, 1e5, np.array(levels) * 100.0)


def _mean(name: str) -> Callable[[Fields, Sphere], np.ndarray]:
    return lambda fields, where: np.array([area_mean(fields[name], where.weights)])


def _vapour(fields: Fields, where: Sphere) -> np.ndarray:
    column = pressure_integral(np.stack([fields[n] for n in WATER]), np.array(LEVELS), fields["ps"])
    return np.array([area_mean(column, where.weights)])


def _cell(way: int, what: int) -> Callable[[Fields, Sphere], np.ndarray]:
    def of(fields: Fields, where: Sphere) -> np.ndarray:
        v = np.stack([zonal(fields[n]) for n in NORTHWARD])
        return np.array([hadley(v, where, zonal(fields["ps"]), way)[what]])

    return of


def _jet(way: int, what: int, *, subtropical: bool) -> Callable[[Fields, Sphere], np.ndarray]:
    near, far = (10.0, 60.0) if subtropical else (20.0, 75.0)
    band = (near, far) if way > 0 else (-far, -near)

    def of(fields: Fields, where: Sphere) -> np.ndarray:
        u = zonal(fields["ua850"])
        if subtropical:
            u = zonal(fields["ua250"]) - u
        return np.array([peak(where.lat, u, *band)[what]])

    return of


def _storms(way: int, what: int) -> Callable[[Fields, Sphere], np.ndarray]:
    band = (20.0, 75.0) if way > 0 else (-75.0, -20.0)

    def of(fields: Fields, where: Sphere) -> np.ndarray:
        energy = zonal(fields["eke250"])
        return np.array([band_mean(energy, where, *band) if what else peak(where.lat, energy, *band)[0]])

    return of


def _deviation(fields: Fields, where: Sphere) -> np.ndarray:
    return tropical(fields, where, tuple(f"ta{p}" for p in ADIABAT)) - adiabat(fields, where)


def _winds(p: int) -> Callable[[Fields, Sphere], np.ndarray]:
    bands = ((20, 90), (-20, 20), (-90, -20))
    return lambda fields, where: np.array([band_mean(zonal(fields[f"ua{p}"]), where, *b) for b in bands])


def _land_ocean(fields: Fields, where: Sphere) -> np.ndarray:
    if where.land is None:
        return np.full(2, np.nan)
    low = box(where.lat, where.lon, -40, 40)
    parts = [low * where.land, low * (1 - where.land)]
    if min(p.sum() for p in parts) <= 0:
        return np.full(2, np.nan)
    return np.array([area_mean(fields["tas"], where.weights, p) for p in parts])


def _polar(fields: Fields, where: Sphere) -> np.ndarray:
    tas = zonal(fields["tas"])
    return np.array([band_mean(tas, where, 60, 90), band_mean(tas, where, -90, 90)])


def _both(what: str) -> tuple[tuple[str, int], ...]:
    return ((f"{what}_north", 1), (f"{what}_south", -1))


def _table() -> dict[str, Index]:
    out = {
        "surface_warming": Index("K/K", ("tas",), _mean("tas"), True, "global mean near-surface temperature"),
        "hydrological_sensitivity": Index(
            "%/K", ("pr",), _mean("pr"), True, "global mean precipitation", log=True, per_surface=True
        ),
        "column_vapour": Index(
            "%/K", (*WATER, "ps"), _vapour, True, "global mean column of vapour", log=True, per_surface=True
        ),
        "tropical_amplification": Index(
            "1", tuple(f"ta{p}" for p in PROFILE),
            lambda f, w: tropical(f, w, tuple(f"ta{p}" for p in PROFILE)), True,
            "tropical warming aloft, the largest over that at 850 hPa", shown="amplification",
        ),
        "moist_adiabat": Index(
            "K/K", ("ta1000", "hus1000", *(f"ta{p}" for p in ADIABAT)), _deviation, True,
            "tropical temperature less the moist adiabat's at 700, 500 and 250 hPa", shown="rms",
        ),
        "land_ocean": Index(
            "1", ("tas",), _land_ocean, False, "warming of land over that of ocean, 40S-40N", shown="ratio"
        ),
        "polar_amplification": Index(
            "1", ("tas",), _polar, False, "warming of 60-90N over the global one", shown="ratio"
        ),
        "feedback": Index(
            "W m-2 K-1", ("rtmt",), _mean("rtmt"), False, "net radiation at the top, global mean", per_surface=True
        ),
    }  # fmt: skip
    for p in (250, 100, 50):
        out[f"temperature_{p}"] = Index(
            "K/K", (f"ta{p}",), _mean(f"ta{p}"), True, f"global mean temperature at {p} hPa"
        )
        out[f"wind_{p}"] = Index(
            "m s-1 K-1",
            (f"ua{p}",),
            _winds(p),
            True,
            f"zonal wind at {p} hPa, 20-90N, tropics, 20-90S",
            shown="rms",
        )
    return out | _hemispheres()


def _hemispheres() -> dict[str, Index]:
    """The indices that each hemisphere has of its own."""
    cell, shear = (*NORTHWARD, "ps"), ("ua250", "ua850")
    families = {
        "hadley_edge": ("degrees/K", cell, lambda w: _cell(w, 0), "edge of the Hadley cell"),
        "hadley_strength": ("1e10 kg s-1 K-1", cell, lambda w: _cell(w, 1), "strength of the Hadley cell"),
        "eddy_jet_latitude": (
            "degrees/K", ("ua850",), lambda w: _jet(w, 0, subtropical=False), "latitude of the 850 hPa jet",
        ),
        "eddy_jet_speed": (
            "m s-1 K-1", ("ua850",), lambda w: _jet(w, 1, subtropical=False), "speed of the 850 hPa jet",
        ),
        "subtropical_jet_latitude": (
            "degrees/K", shear, lambda w: _jet(w, 0, subtropical=True), "latitude of the largest 850-250 hPa shear",
        ),
        "subtropical_jet_speed": (
            "m s-1 K-1", shear, lambda w: _jet(w, 1, subtropical=True), "largest 850-250 hPa shear",
        ),
        "storm_track_latitude": (
            "degrees/K", STORMY, lambda w: _storms(w, 0), "latitude of the most eddy kinetic energy at 250 hPa",
        ),
        "storm_track_energy": (
            "m2 s-2 K-1", STORMY, lambda w: _storms(w, 1), "eddy kinetic energy at 250 hPa, 20-75 degrees",
        ),
    }  # fmt: skip
    return {
        name: Index(units, needs, make(way), True, f"{meaning}, {name.rpartition('_')[2]}")
        for what, (units, needs, make, meaning) in families.items()
        for name, way in _both(what)
    }


INDICES = _table()
HEADLINE = (
    "surface_warming", "hydrological_sensitivity", "column_vapour", "tropical_amplification", "moist_adiabat",
    "temperature_250", "hadley_edge_north", "hadley_edge_south", "hadley_strength_north", "hadley_strength_south",
    "eddy_jet_latitude_north", "eddy_jet_latitude_south", "subtropical_jet_speed_north", "subtropical_jet_speed_south",
    "storm_track_energy_north", "storm_track_energy_south",
)  # fmt: skip
SHOWN = tuple(name for name, index in INDICES.items() if not index.graded)
