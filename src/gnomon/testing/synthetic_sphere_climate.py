"""The synthetic sphere's climate: its card, the mean of every variable, and its known responses to two knobs."""

import functools

import numpy as np

from gnomon.numerics.sphere.grid import LatLon, gauss_grid
from gnomon.spec.cards import Grid, Knob, Variable, WorldCard

LEVELS = (1000, 850, 700, 500, 250, 100, 50)
UNITS = {
    "ta": "K", "ua": "m s-1", "va": "m s-1", "hus": "kg kg-1", "zg500": "m", "psl": "Pa", "ps": "Pa", "tas": "K",
    "pr": "kg m-2 s-1", "evspsbl": "kg m-2 s-1", "rtmt": "W m-2",
}  # fmt: skip
SURFACE = {"zg500": 60.0, "psl": 600.0, "ps": 600.0, "tas": 3.0, "pr": 2.5e-5, "evspsbl": 8e-6, "rtmt": 10.0}
LINEAR, BENT = 0.6, 0.15  # response to one unit of `enso`, in scales: odd and even part
WARM = {1000: 1.0, 850: 1.05, 700: 1.15, 500: 1.4, 250: 1.9, 100: 0.4, 50: -0.5, "tas": 1.0}  # K a kelvin
VAPOUR, RAIN = 0.07, 0.03  # per kelvin


def variable_names() -> tuple[str, ...]:
    """The 35 of a sphere world, in order."""
    return tuple(f"{v}{p}" for v in ("ta", "ua", "va", "hus") for p in LEVELS) + tuple(SURFACE)


@functools.lru_cache
def sphere_card(truncation: int = 21) -> WorldCard:
    """What the synthetic sphere says of itself."""
    grid = gauss_grid(truncation)
    shape = (len(grid.lat), len(grid.lon))
    variables = tuple(
        Variable(
            name=name,
            units=UNITS[name.rstrip("0123456789") if name != "zg500" else name],
            shape=shape,
            dims=("lat", "lon"),
            scale=scale(name),
            obs_error=0.1 * scale(name),
        )
        for name in variable_names()
    )
    pattern = tuple(float(f"{x:.5g}") for x in bump(grid, 0.0, 220.0, 8.0, 30.0).ravel() * 2)
    return WorldCard(
        name="synthetic_sphere",
        rung="sphere",
        summary="red noise in spherical harmonics about an Earth-like mean, with known responses",
        dt=0.25,
        time_units="d",
        variables=variables,
        knobs=(
            Knob(
                name="enso",
                default=0.0,
                low=-2.0,
                high=2.0,
                units="1",
                meaning="a warm patch",
                pattern=pattern,
                step=1.0,
            ),
            Knob(name="warming", default=0.0, low=-1.0, high=1.0, units="K", meaning="uniform warming"),
        ),
        timescale=3.0,
        spinup=20.0,
        exponents=1,
        references=(),
        errors="lagged",
        averages=True,
        knob_of={"response": "enso", "shift": "warming"},
        grid=Grid(
            lat=tuple(grid.lat.tolist()),  # numbers of Python: a card is plain data
            lon=tuple(grid.lon.tolist()),
            weights=tuple(grid.weights.tolist()),
            land=tuple(land(grid).ravel().tolist()),
            orography=(0.0,) * (shape[0] * shape[1]),
            truncation=truncation,
        ),
    )


def level(name: str) -> int:
    """Pressure of a variable on levels, hPa."""
    return int(name.lstrip("tauvhsg")) if name not in SURFACE else 0


def scale(name: str) -> float:
    """Standard deviation of a variable's noise."""
    if name in SURFACE:
        return SURFACE[name]
    p = level(name)
    if name.startswith("ta"):
        return 3.0
    if name.startswith("hus"):
        return float(0.2 * _vapour(0.0, p) * (8 / 15) ** 0.5)  # the root of the mean of cos^4
    return 5.0 + 7.0 * float(np.exp(-(((p - 250) / 300) ** 2)))


def noise_size(name: str, grid: LatLon) -> np.ndarray | float:
    """Standard deviation of a variable's noise at every point, [lat, 1]: humidity varies by a share of its mean."""
    return (
        0.2 * _vapour(np.radians(grid.lat), level(name))[:, None] if name.startswith("hus") else scale(name)
    )


def land(grid: LatLon) -> np.ndarray:
    """[lat, lon] share of land: two continents."""
    return np.round(
        np.clip(bump(grid, 20.0, 60.0, 40.0, 50.0) + bump(grid, 10.0, 280.0, 45.0, 30.0), 0, 1) * 1.2 - 0.1
    ).clip(0, 1)


def bump(grid: LatLon, north: float, east: float, high: float, wide: float) -> np.ndarray:
    """[lat, lon] a Gaussian hill."""
    away = (grid.lon - east + 180) % 360 - 180
    return np.exp(-0.5 * (((grid.lat - north) / high) ** 2)[:, None] - 0.5 * ((away / wide) ** 2)[None, :])


def mean_state(name: str, grid: LatLon) -> np.ndarray:
    """[lat, lon] the climate mean of a variable."""
    phi = np.radians(grid.lat)
    cos, sin = np.cos(phi), np.sin(phi)
    p = level(name)
    if name.startswith("ta") and name != "tas":
        x = 215.0 + (72.0 - 30.0 * sin**2) * max(0.0, (p - 150) / 850) + (0.0 if p > 150 else 8 * sin**2)
    elif name.startswith("ua"):
        x = 30.0 * np.exp(-(((p - 250) / 350) ** 2)) * np.sin(2 * np.abs(phi)) ** 2 - 3.0 * cos**4
    elif name.startswith("va"):
        x = 2.0 * np.sin(2 * phi) * np.exp(-((grid.lat / 20) ** 2)) * np.cos(np.pi * (p - 50) / 950)
    elif name.startswith("hus"):
        x = _vapour(phi, p)
    else:
        x = {
            "zg500": 5400.0 + 450 * cos**2,
            "psl": 101_100.0 - 900 * np.cos(4 * phi),
            "ps": 101_100.0 - 900 * np.cos(4 * phi),
            "tas": 258.0 + 42 * cos**2,
            "pr": 1.2e-5 + 5e-5 * np.exp(-((grid.lat / 10) ** 2)) + 2.5e-5 * np.sin(2 * phi) ** 2,
            "evspsbl": 4.5e-5 * cos**2,
            "rtmt": 60.0 * (cos**2 - 2 / 3),
        }[name]
    return x[:, None] + 0.5 * scale(name) * bump(grid, 40.0, 150.0, 20.0, 40.0)


def enso_response(name: str, grid: LatLon, k: float, *, phase: float = 0.0, even: float = 1.0) -> np.ndarray:
    """[lat, lon] response to `enso` = k in the variable's units, before any gain: LINEAR k P + even BENT k^2 Q.

    P of rain, evaporation and near-surface temperature is a hill in the equatorial Pacific, of all others a train of
    zonal wavenumber 3 at 45N; Q lies 40 degrees further east. `phase` moves both eastward.
    """
    if name in ("pr", "evspsbl", "tas", "hus1000", "hus850"):
        p, q = (bump(grid, 0.0, 200.0 + e + phase, 10.0, 30.0) for e in (0.0, 40.0))
    else:
        envelope = np.exp(-0.5 * ((grid.lat - 45) / 15) ** 2)[:, None]
        p, q = (envelope * np.cos(3 * np.radians(grid.lon - 180.0 - e - phase)) for e in (0.0, 40.0))
    return scale(name) * (LINEAR * k * p + even * BENT * k**2 * q)


def warming_response(name: str, grid: LatLon, kelvin: float) -> np.ndarray:
    """[lat, lon] response to uniform warming in the variable's units: linear in temperature, exponential in water."""
    p = level(name)
    if name == "tas" or name.startswith("ta"):
        return np.full((len(grid.lat), len(grid.lon)), WARM["tas" if name == "tas" else p] * kelvin)
    if name.startswith("hus"):
        return mean_state(name, grid) * (np.exp(VAPOUR * kelvin) - 1)
    if name in ("pr", "evspsbl"):
        return mean_state(name, grid) * (np.exp(RAIN * kelvin) - 1)
    if name.startswith("ua"):
        return 0.03 * kelvin * np.abs(mean_state(name, grid))
    slope = {"zg500": 18.0, "rtmt": -1.2}.get(name, 0.0)
    return np.full((len(grid.lat), len(grid.lon)), slope * kelvin)


def _vapour(phi: np.ndarray | float, p: int) -> np.ndarray:
    return 0.016 * np.cos(phi) ** 2 * (p / 1000) ** 3 + 3e-6
