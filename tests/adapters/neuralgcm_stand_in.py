"""A world card on the sphere, its starts, and a stand-in for a checkpoint whose answers are known."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from gnomon.adapters.neuralgcm.column import Column
from gnomon.adapters.neuralgcm.machine import Moment, Surface
from gnomon.adapters.neuralgcm.regrid import Lattice, lattice
from gnomon.core.runner import Starts
from gnomon.spec.cards import Grid, Knob, Variable, WorldCard

WORDS = {
    "t": "temperature", "u": "u_component_of_wind", "v": "v_component_of_wind", "q": "specific_humidity",
    "z": "geopotential",
}  # fmt: skip
LEVELS = (1000, 850, 700, 500, 250, 100, 50)
NLAT, NLON = 16, 32
STEP = 6  # hours of a world step


def gauss(nlat: int, nlon: int) -> Lattice:
    nodes, _ = np.polynomial.legendre.leggauss(nlat)
    return lattice(np.rad2deg(np.arcsin(nodes)), np.arange(nlon) * 360 / nlon)


def sphere_card(
    nlat: int = NLAT, nlon: int = NLON, *, without: tuple[str, ...] = (), pattern: bool = True
) -> WorldCard:
    here = gauss(nlat, nlon)
    scales = {"ta": 10.0, "ua": 10.0, "va": 8.0, "hus": 0.003}
    units = {"ta": "K", "ua": "m s-1", "va": "m s-1", "hus": "kg kg-1"}
    told = [(f"{w}{level}", units[w], scales[w]) for w in scales for level in LEVELS]
    told += [("zg500", "m", 200.0), ("psl", "Pa", 1000.0), ("ps", "Pa", 1000.0), ("tas", "K", 10.0)]
    told += [("pr", "kg m-2 s-1", 5e-5), ("evspsbl", "kg m-2 s-1", 3e-5), ("rtmt", "W m-2", 100.0)]
    variables = tuple(
        Variable(name=n, units=u, shape=(nlat, nlon), dims=("lat", "lon"), scale=s, obs_error=1e-6 * s)
        for n, u, s in told
        if n not in without
    )
    lon, lat = np.meshgrid(here.lon, here.lat)
    bump = 2.0 * np.exp(-((lat / 15.0) ** 2) - ((lon - 220.0) / 40.0) ** 2)
    knobs = (
        Knob(
            name="enso", default=0.0, low=-2.0, high=2.0, units="1", meaning="an anomaly of the sea", step=1.0,
            pattern=tuple(bump.ravel()) if pattern else None,
        ),
        Knob(name="warming", default=0.0, low=-1.0, high=1.0, units="K", meaning="uniform warming of the sea"),
    )  # fmt: skip
    hills = 1500.0 * np.exp(-(((lat - 40) / 15.0) ** 2) - ((lon - 90.0) / 30.0) ** 2)
    _, weights = np.polynomial.legendre.leggauss(nlat)
    return WorldCard(
        name="sphere", rung="sphere", summary="a test", dt=STEP / 24, time_units="d", variables=variables, knobs=knobs,
        timescale=3.0, spinup=10.0, exponents=1, references=(), averages=True,
        grid=Grid(
            lat=here.lat, lon=here.lon, weights=tuple(weights / 2), land=tuple((hills > 500.0).astype(float).ravel()),
            orography=tuple(hills.ravel()), truncation=nlat - 1,
        ),
    )  # fmt: skip


def plausible(card: WorldCard) -> dict[str, np.ndarray]:
    """variable -> [lat, lon]: a smooth atmosphere in balance with nothing, within its ranges."""
    here = gauss(len(card.grid.lat), len(card.grid.lon))
    lat, lon = np.deg2rad(np.array(here.lat))[:, None], np.deg2rad(np.array(here.lon))[None]
    warm = np.cos(lat) ** 2 + 0.05 * np.cos(2 * lon) * np.cos(lat) ** 2
    mean = dict(zip(LEVELS, (272.0, 268.0, 260.0, 245.0, 220.0, 205.0, 206.0), strict=True))
    span = dict(zip(LEVELS, (28.0, 24.0, 22.0, 20.0, 6.0, -6.0, -2.0), strict=True))
    out = {}
    for level in LEVELS:
        out[f"ta{level}"] = mean[level] + span[level] * warm
        out[f"ua{level}"] = (1000 - level) / 40.0 * np.sin(2 * lat) ** 2 + 0 * lon
        out[f"va{level}"] = 2.0 * np.sin(3 * lon) * np.cos(lat)
        out[f"hus{level}"] = 0.014 * warm.clip(0.05) * (level / 1000.0) ** 3
    out["zg500"] = 5200.0 + 620.0 * warm
    out["psl"] = 101_000.0 + 500.0 * np.cos(lat) * np.sin(2 * lon)
    out["ps"], out["tas"] = out["psl"] * 0.98, out["ta1000"]
    out |= {"pr": 3e-5 + 0 * warm, "evspsbl": 3e-5 + 0 * warm, "rtmt": 0 * warm}
    return {v.name: np.asarray(out[v.name], np.float32) for v in card.variables}


def starts_of(card: WorldCard, units: int = 2) -> Starts:
    now = plausible(card)
    history = {k: np.stack([np.stack([x + 0.0 * u] * 2) for u in range(units)]) for k, x in now.items()}
    return Starts(states=None, history=history)


class StandIn(NamedTuple):
    """As a `Machine`, but the air keeps its state and warms by a tenth of the sea's anomaly in every step.

    Attributes:
        fails_after: hours after which its numbers are no longer finite; None for never.
    """

    lattice: Lattice
    level: np.ndarray
    land: np.ndarray
    orography: np.ndarray
    base: float = 290.0
    rainy: bool = False
    fails_after: int | None = None
    hours: float = 1.0
    calls: list = []  # noqa: RUF012 - what it was asked for; every test makes its own

    def start(self, column: Column, surface: Surface, when: np.datetime64, seed: int):
        self.calls.append(("start", when, seed))
        return column, 0

    @property
    def model(self):
        """What `first_fields` asks of it."""
        return SimpleNamespace(
            input_variables=[*WORDS.values(), "specific_cloud_ice_water_content", "new_variable"]
        )

    def start_from(self, inputs, surface: Surface, when: np.datetime64, seed: int):
        assert not inputs["new_variable"].any()
        fields = {word: np.swapaxes(inputs[name], -1, -2).astype(float) for word, name in WORDS.items()}
        return self.start(Column(self.level, **fields), surface, when, seed)

    def advance(self, state, surface: Surface, when: np.datetime64, hours: int) -> Moment:
        self.calls.append(("advance", when, hours))
        column, gone = state
        gone += hours
        t = column.t + 0.1 * (surface.sst - self.base)[None]
        if self.fails_after is not None and gone > self.fails_after:
            t = np.full_like(t, np.nan)
        column = column._replace(t=t)
        rain = np.full_like(self.land, 0.001 * gone / 24.0) if self.rainy else None  # one millimetre a day
        return Moment((column, gone), column, rain)


def stand_in(**changes) -> StandIn:
    here = gauss(32, 64)
    level = np.array([1.0, 10, 30, 50, 70, 100, 150, 200, 250, 300, 400, 500, 600, 700, 775, 850, 925, 1000])
    zero = np.zeros((len(here.lat), len(here.lon)))
    return StandIn(here, level, zero, zero, **({"calls": []} | changes))
