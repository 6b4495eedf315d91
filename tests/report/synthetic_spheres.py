"""Made-up figures of the sphere: every kind, with shapes and numbers as real ones have them."""

import numpy as np

from gnomon.spec.figures import (
    disc_curve,
    map_curve,
    patch_curve,
    portrait_curve,
    section_curve,
    taylor_curve,
    tracks_curve,
)
from gnomon.spec.results import Curve

LAT = np.linspace(-85.76, 85.76, 32)
LON = np.arange(64) * 5.625
PRESSURE = (1000, 850, 700, 500, 250, 100, 50)
HOSTILE = "</script><b onclick='x'>$ink"


def sphere_curves(skill: float = 0.6) -> tuple[Curve, ...]:
    """One or more figures of every kind; the truth depends on nothing."""
    lost = 1 - skill
    return (
        _temperature(lost),
        _rain(lost),
        _region(lost),
        _wind(lost),
        _portrait(lost),
        _disc(lost),
        _patch(lost),
        _tracks(lost),
        _taylor(lost),
        _taylor(lost, half=True),
    )


def _fields(lost: float) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.meshgrid(np.deg2rad(LAT), np.deg2rad(LON), indexing="ij")
    truth = 300 - 45 * np.sin(y) ** 2 + 4 * np.cos(3 * x) * np.cos(y) ** 2
    return truth, truth + 6 * lost * np.sin(2 * x + 1) * np.cos(y) * np.sin(2 * y)


def _temperature(lost: float) -> Curve:
    truth, mine = _fields(lost)
    error = mine - truth
    return map_curve(
        "map_tas",
        "Temperature near the ground, time mean",
        LAT,
        LON,
        {"truth": truth, "subject": mine, "difference": error},
        units="K",
        significant={"difference": np.abs(error) > 1.2 * lost},
        captions={"difference": f"rms {np.sqrt(np.mean(error**2)):.2g} K"},
        note="stippled: significant at a false discovery rate of 10 %",
    )


def _rain(lost: float) -> Curve:
    y, x = np.meshgrid(np.deg2rad(LAT), np.deg2rad(LON), indexing="ij")
    truth = 8 * np.exp(-((LAT[:, None] - 6 - 4 * np.cos(x)) ** 2) / 150) + 2.5 * np.sin(2 * y) ** 2
    error = -2 * lost * np.exp(-(LAT[:, None] ** 2) / 300) * np.cos(2 * x)
    fields = {"subject": truth + error, "truth": truth, "difference": error}
    return map_curve(
        "map_pr", "Precipitation, DJF", LAT[::-1], LON - 180, {k: np.roll(v, 32, 1)[::-1] for k, v in fields.items()},
        units="mm/d", hue="water",
    )  # fmt: skip


def _region(lost: float) -> Curve:
    lon, lat = np.arange(-60, 60, 3.0), np.arange(20, 80, 3.0)
    y, x = np.meshgrid(np.deg2rad(lat), np.deg2rad(lon), indexing="ij")
    truth = np.where(y > 0.5, 40 * np.sin(4 * x) * np.cos(3 * y), np.nan)
    return map_curve("map_region", "Blocking height anomaly", lat, lon, {"truth": truth}, units="m")


def _wind(lost: float) -> Curve:
    p, y = np.meshgrid(np.array(PRESSURE, float), LAT, indexing="ij")
    jet = 38 * np.exp(-((np.abs(y) - 42) ** 2) / 200) * np.exp(-(np.log(p / 230) ** 2)) - 6 * np.exp(
        -(y**2) / 150
    )
    jet[0, :5] = np.nan
    mine = jet * (1 - 0.4 * lost) + 2 * lost
    return section_curve(
        "section_ua",
        "Zonal mean zonal wind",
        LAT,
        PRESSURE,
        {"truth": jet, "subject": mine, "difference": mine - jet},
        units="m s-1",
        significant={"difference": np.abs(mine - jet) > 1.5},
    )


def _portrait(lost: float) -> Curve:
    rng = np.random.default_rng(3)
    rows = ("ta850", "ua250", "zg500", "psl", HOSTILE, "rtmt")
    values = lost * rng.normal(0, 1, (6, 5))
    values[2, 3] = np.nan
    return portrait_curve(
        "portrait_climate",
        "Error of the mean climate over the median error of the floor",
        rows,
        ("annual", "DJF", "MAM", "JJA", "SON"),
        {"subject": values},
        units="1",
        diverging=True,
        significant={"subject": np.abs(values) > 0.4},
        note="relative; negative is better than the floor; bold: significant",
    )


def _disc(lost: float) -> Curve:
    r, a = np.arange(0.5, 10), np.arange(24) * 15.0
    radius, angle = np.meshgrid(r, np.deg2rad(a), indexing="ij")
    truth = -20 * np.exp(-((radius / 4) ** 2)) + 5 * np.sin(angle) * radius / 10
    mine = truth * (1 - 0.5 * lost)
    return disc_curve(
        "composite_psl",
        "Cyclone composite, sea level pressure anomaly",
        r,
        a,
        {"truth": truth, "subject": mine, "difference": mine - truth},
        units="hPa",
        significant={"difference": np.abs(mine - truth) > 2},
        note="the top is north; 120 and 114 storms",
    )


def _patch(lost: float) -> Curve:
    x = np.arange(-9, 10.0)
    across, up = np.meshgrid(x, x)
    truth = 12 * np.exp(-((across - 2) ** 2 + (up - 1) ** 2) / 12)
    return patch_curve(
        "composite_pr", "Cyclone composite, precipitation", x, x, {"truth": truth, "subject": truth * (1 - lost / 2)},
        units="mm/d",
    )  # fmt: skip


def _tracks(lost: float) -> Curve:
    rng = np.random.default_rng(5)

    def paths(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
        out = []
        for _ in range(count):
            n = int(rng.integers(8, 24))
            south = rng.random() < 0.5
            lat = rng.uniform(28, 45) + np.cumsum(rng.normal(0.7, 0.7, n))
            out.append(((rng.uniform(0, 360) + np.cumsum(rng.normal(3, 1, n))) % 360, -lat if south else lat))
        return out

    return tracks_curve(
        "tracks_djf", "Cyclone tracks, one winter", {"truth": paths(40), "subject": paths(round(40 * (1 - lost / 2)))},
        note="a dot where each begins",
    )  # fmt: skip


def _taylor(lost: float, half: bool = False) -> Curve:
    names = ("ta850", "ua250", "pr", "psl")
    worst = -2.0 if half else 0.55
    mine = [
        (n, 1 - 0.5 * lost * k / 3, max(-0.95, 1 - lost * (1 - worst) * k / 2.5)) for k, n in enumerate(names)
    ]
    floor = [(n, 1 + 0.02 * k, 0.99 - 0.01 * k) for k, n in enumerate(names)]
    name = "taylor_half" if half else "taylor"
    return taylor_curve(
        name, "Patterns of the mean climate", {"subject": mine, "floor": floor}, note="biases are not shown"
    )
