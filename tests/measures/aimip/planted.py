"""Evidence of files as plain arrays, with planted means, trends, responses and weather of known size."""

import numpy as np

from gnomon.core.runs import Evidence, Runs, Unsupported
from gnomon.spec.cards import Grid, Variable, WorldCard

ROWS, COLUMNS = 6, 8
YEARS = tuple(range(1979, 2015))
LAT = (np.arange(ROWS) + 0.5) * 180 / ROWS - 90
WEIGHTS = np.cos(np.deg2rad(LAT)) / np.cos(np.deg2rad(LAT)).sum()
PATTERN = np.cos(np.deg2rad(LAT))[:, None] * np.cos(np.arange(COLUMNS) * 2 * np.pi / COLUMNS)
VARIABLES = {"tas": "K", "pr": "kg m-2 s-1"}


def area(x):
    """Mean over the sphere of [..., lat, lon]."""
    return (x.mean(-1) * WEIGHTS).sum(-1)


def card():
    grid = Grid(
        lat=tuple(LAT), lon=tuple(np.arange(COLUMNS) * 360.0 / COLUMNS), weights=tuple(WEIGHTS),
    )  # fmt: skip
    variables = tuple(
        Variable(name=n, units=u, shape=(ROWS, COLUMNS), dims=("lat", "lon"), scale=1.0, obs_error=0.0)
        for n, u in VARIABLES.items()
    )
    return WorldCard(
        name="planted", rung="archive", summary="planted", dt=30.0, time_units="d", variables=variables, knobs=(),
        timescale=30.0, spinup=0.0, exponents=0, references=(), grid=grid,
    )  # fmt: skip


def index(years=YEARS):
    """[year, month] of a made-up El Nino: slow, with a season of its own and no trend."""
    t = np.arange(12 * len(years)).reshape(len(years), 12) / 12
    return np.sin(2 * np.pi * t / 3.7) * (1 + 0.3 * np.cos(2 * np.pi * t)) + 0.4 * np.cos(2 * np.pi * t)


def months(*, mean=0.0, trend=0.0, response=0.0, noise=0.0, members=1, seed=0, years=YEARS, name="tas"):
    """[year, member, month, lat, lon]: 280 + mean + season + trend (a decade) + response (a degree) + weather."""
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    when = np.arange(12) / 12
    season = 10 * np.cos(2 * np.pi * when)[:, None, None] * np.sin(np.deg2rad(LAT))[:, None]
    decades = (np.asarray(years, float) - np.mean(years))[:, None] / 10 + 0 * when
    x = 280 + mean * PATTERN + season + np.zeros((len(years), 1, 1, 1))
    x = x + trend * decades[:, :, None, None] * PATTERN + response * index(years)[:, :, None, None] * PATTERN
    weather = noise * rng.standard_normal((len(years), members, 12, ROWS, COLUMNS))
    return x[:, None] + weather


def days(*, spread=1.0, wet=0.5, members=1, seed=0, years=(1979, 2024)):
    """Days of `tas` with a spread about each month, and of `pr`, wet on a share of days."""
    rng = np.random.default_rng(seed)
    shape = (len(years), members, 365, ROWS, COLUMNS)
    rain = np.where(rng.random(shape) < wet, 5.0, 0.2) / 86_400
    return {"tas": 280 + spread * rng.standard_normal(shape), "pr": rain}


def runs(label, obs):
    units, members, leads = next(iter(obs.values())).shape[:3]
    return Runs(
        label=label, obs=obs, time=np.arange(leads, dtype=float), forcing={}, diverged=np.full((units, members), -1),
        exponents=None, initial={}, cost={},
    )  # fmt: skip


MONTH_OF_DAY = tuple(
    m for m, n in enumerate((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), start=1) for _ in range(n)
)


def evidence(*, years=YEARS, has_index=True, **obs):
    """Evidence with the given experiments, as in evidence(free={"tas": x}); "shift2" stands for "shift+2"."""
    made, held = {}, {}
    for key, arrays in obs.items():
        label = key.replace("shift", "shift+")
        if isinstance(arrays, str):
            made[label] = Unsupported(label, arrays)
            continue
        made[label] = runs(label, arrays)
        held[label] = (1979, 2024)[: len(next(iter(arrays.values())))] if label == "daily" else years
    offsets = {k: float(k[5:]) for k in made if k.startswith("shift")}
    design = {
        "years": held, "months": MONTH_OF_DAY, "offsets": offsets, "distances": offsets,
        "index": {"years": list(years), "values": index(years).tolist()} if has_index else "no sea, no index",
    }  # fmt: skip
    return Evidence(card=card(), runs=made, design=design, fit={})


def as_role(
    role, *, trend=0.0, response=0.0, null="", fault=0.0, units=36, diverged=(), seed=0
):  # fmt: skip
    """Evidence for one role, as `gnomon.testing.check_measure` asks for it; units are years, or months of days."""
    draw = 10 * seed + ("truth", "floor", "subject", "null").index(role)
    years = tuple(range(1979, 1979 + units))
    strength = 0.0 if null == "no_response" else 1.0 - fault
    planted = {"mean": 4.0 * fault, "trend": trend * strength, "response": response * strength}
    free = {n: months(noise=0.3, seed=draw, years=years, name=n, **planted) for n in VARIABLES}
    warm = {n: x + 2.0 * strength * PATTERN for n, x in free.items()}
    when = np.array(MONTH_OF_DAY)
    few = when <= units
    frozen = null == "frozen"
    daily = days(spread=0.0 if frozen else 1.0 + fault, wet=0.0 if frozen else 0.5, seed=draw)
    daily = {n: x[: 1 if units < 12 else 2, :, few] for n, x in daily.items()}
    if frozen:
        free = {n: np.repeat(x[:, :, :1], 12, axis=2) for n, x in free.items()}
    for unit in diverged:
        for x in (*free.values(), *warm.values()):
            x[unit, :, x.shape[2] // 2 :] = np.nan
        for x in daily.values():
            if unit < 12 * len(x):
                x[unit // 12, :, when[few] == unit % 12 + 1] = np.nan
    for x in (*free.values(), *warm.values(), *daily.values()):
        x.flags.writeable = False
    given = evidence(years=years, free=free, control=free, shift2=warm, daily=daily)
    return given._replace(design={**given.design, "months": tuple(when[few])})
