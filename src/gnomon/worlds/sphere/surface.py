"""The lower boundary of the moist world: sea-surface temperature, ice, land and terrain, as packaged with jcm.

Read straight from its files: a card (grid, land, pattern of the knob) needs nothing heavy to be imported.
"""

import functools
import importlib.util
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gnomon.spec.errors import BadSpec, MissingExtra
from gnomon.worlds.sphere.gauss import Gauss, gauss, regrid, smooth

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])  # of months, in a year of 365 days
MIDDLES = np.cumsum(LENGTHS) - LENGTHS / 2  # day of the year on which a monthly mean is taken to hold
YEAR = 365.0
FIRST_YEAR, ANOMALIES = 1979, 420  # of the packaged monthly anomalies
NEAR_COAST = 0.1  # shares of land closer to 0 or 1 than this count as 0 or 1, as in jcm
JUNK_FROM, CLIP = (
    55.0,
    6.0,
)  # the anomalies hold values of +-23 K in the ice zone: left out there, clipped elsewhere
PACIFIC = (120.0, 290.0)  # degrees east
TROPICS, TAPER = 35.0, 5.0  # the pattern of the knob ends at 35 degrees, over the last five of them
NAMED_WINTERS = {"la_nina_1988": "1988/89"}


class Surface(NamedTuple):
    """Monthly climatology and terrain on a Gaussian grid; arrays [month, lat, lon] or [lat, lon].

    Attributes:
        sst: sea-surface temperature, K.
        ice: share of the sea that is frozen.
        land_temperature: of the uppermost ground, K; prescribed.
        snow: water equivalent over 60 mm.
        soil_wetness: share of what plants can reach.
        albedo: of bare land.
        land: share of land.
        orography: height of the ground, m.
    """

    sst: np.ndarray
    ice: np.ndarray
    land_temperature: np.ndarray
    snow: np.ndarray
    soil_wetness: np.ndarray
    albedo: np.ndarray
    land: np.ndarray
    orography: np.ndarray


def jcm_folder() -> Path:
    """Where jcm keeps its boundary data, without importing it."""
    found = importlib.util.find_spec("jcm")
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("atmos", "jcm")
    return Path(found.submodule_search_locations[0]) / "data" / "bc" / "t30"


@functools.lru_cache(maxsize=4)
def surface(truncation: int) -> Surface:
    """The packaged climatology on the grid of a truncation."""
    grid, folder = gauss(truncation), jcm_folder()
    fields, lat, lon = _read(
        folder / "clim" / "forcing.nc", ("sst", "icec", "stl", "snowc", "soilw_am", "alb")
    )
    ground, ground_lat, ground_lon = _read(folder / "clim" / "terrain.nc", ("lsm", "orog"))
    sst, ice, stl, snow, wetness, albedo = (
        np.maximum(regrid(fields[k], lat, lon, grid), 0.0)
        for k in ("sst", "icec", "stl", "snowc", "soilw_am", "alb")
    )
    land = np.clip(regrid(ground["lsm"], ground_lat, ground_lon, grid), 0.0, 1.0)
    land = np.where(land <= NEAR_COAST, 0.0, np.where(land >= 1 - NEAR_COAST, 1.0, land))
    return Surface(
        sst=sst,
        ice=np.clip(ice, 0.0, 1.0),
        land_temperature=stl,
        snow=np.where(snow <= 20000.0, snow, 0.0),
        soil_wetness=np.clip(wetness, 0.0, 1.0),
        albedo=np.clip(albedo, 0.0, 1.0),
        land=land,
        orography=regrid(ground["orog"], ground_lat, ground_lon, grid),
    )


def felt_orography(truncation: int) -> np.ndarray:
    """Height of the ground as the dynamics feels it: without the two shortest total wavenumbers."""
    return smooth(surface(truncation).orography, gauss(truncation), truncation - 1)


@functools.lru_cache(maxsize=2)
def anomalies(truncation: int) -> np.ndarray:
    """Monthly sea-surface temperature anomalies 1979-2013 [month, lat, lon], K; zero poleward of 55 degrees."""
    raw, lat, lon = _raw_anomalies()
    kept = np.where(np.abs(lat)[:, None] < JUNK_FROM, np.clip(raw, -CLIP, CLIP), 0.0)
    return regrid(kept, lat, lon, gauss(truncation))


def winter_pattern(truncation: int, winter: str) -> np.ndarray:
    """Mean anomaly of December to February over the tropical Pacific [lat, lon], K; zero where there is no sea.

    Args:
        truncation: of the grid.
        winter: as in "1997/98", or a name: "la_nina_1988".
    """
    months = winter_months(winter)
    raw, lat, lon = _raw_anomalies()
    mean = np.clip(raw[months].mean(axis=0), -CLIP, CLIP)
    taper = np.clip((TROPICS - np.abs(lat)) / TAPER, 0.0, 1.0)[:, None]
    box = taper * ((lon >= PACIFIC[0]) & (lon <= PACIFIC[1]))
    grid: Gauss = gauss(truncation)
    return regrid(mean * box, lat, lon, grid) * (surface(truncation).land < 1.0)


def winter_months(winter: str) -> slice:
    """Where December to February of a winter lie among the anomalies."""
    text = NAMED_WINTERS.get(winter, winter)
    year = text[:4]
    known = year.isdigit() and text[4:] == f"/{(int(year) + 1) % 100:02d}"
    if not known or not FIRST_YEAR <= int(year) < FIRST_YEAR + ANOMALIES // 12 - 1:
        raise BadSpec(
            f"speedy: no anomalies for the winter {winter!r}; give one from '1979/80' to '2012/13', "
            f"or a name: {', '.join(NAMED_WINTERS)}"
        )
    start = 12 * (int(year) - FIRST_YEAR) + 11
    return slice(start, start + 3)


@functools.lru_cache(maxsize=1)
def _raw_anomalies() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    fields, lat, lon = _read(jcm_folder() / "anom" / "sea_surface_temperature_anomaly.nc", ("ssta",))
    return fields["ssta"], lat, lon


def _read(path: Path, names: tuple[str, ...]) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Fields as [..., lat, lon] with latitude ascending, and the coordinates."""
    try:
        import netCDF4
    except ImportError:
        raise MissingExtra("atmos", "netCDF4") from None
    with netCDF4.Dataset(path) as file:
        lat, lon = (np.asarray(file.variables[k][:], float) for k in ("lat", "lon"))
        fields = {}
        for name in names:
            held = file.variables[name]
            wanted = [d for d in held.dimensions if d not in ("lat", "lon")] + ["lat", "lon"]
            order = [held.dimensions.index(d) for d in wanted]
            fields[name] = np.asarray(held[:], float).transpose(order)
    if lat[0] > lat[-1]:
        lat, fields = lat[::-1], {k: v[..., ::-1, :] for k, v in fields.items()}
    return fields, lat, lon
