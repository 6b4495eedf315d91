"""The card of the moist atmosphere."""

import json
from pathlib import Path

import numpy as np

from gnomon.spec.cards import Grid, Knob, Variable, WorldCard
from gnomon.worlds.known import facts_that_hold, known_value, read_facts
from gnomon.worlds.sphere.calendar import calendar_of, season
from gnomon.worlds.sphere.gauss import gauss
from gnomon.worlds.sphere.pool import made_from, own_pool
from gnomon.worlds.sphere.surface import felt_orography, surface, winter_pattern

STANDARD = {
    "truncation": 21, "calendar": "january", "warmed": "ocean", "pattern": "1997/98",
    "convection_hours": 6.0, "cloud_albedo": 0.43, "rain_threshold": 0.9, "sea_exchange": 1.0,
}  # fmt: skip
UNITS = {
    "ta": "K", "ua": "m s-1", "va": "m s-1", "hus": "kg kg-1", "zg500": "m", "psl": "Pa", "ps": "Pa", "tas": "K",
    "pr": "kg m-2 s-1", "evspsbl": "kg m-2 s-1", "rtmt": "W m-2",
}  # fmt: skip
ERROR = 0.1  # of every scale: what an observation error is
STEP_SECONDS = (
    0.04  # of a step of T21 on one core; `python -m benchmarks.atmosphere_harness` prints that of a day
)
SCALES = Path(__file__).with_name("scales.json")
REFERENCES = (
    "10.1007/s00382-002-0268-2",
    "10.1038/s41586-024-07744-y",
)
TWIN = {"convection_hours": 9.0, "cloud_albedo": 0.39, "rain_threshold": 0.85, "sea_exchange": 1.15}
LANES, HISTORY = 8, 8  # lanes in one call (more only cost memory on a CPU); past observations, two days
# Radiation without a physical feedback, air over prescribed land, and levels that drift for years: shown, not graded.
SHOWN = ("rtmt", "tas", *(f"{name}{level}" for name in ("ta", "ua", "va", "hus") for level in (100, 50)))
CELLS = {
    "ocean": "sea cells with less than 15 % ice",
    "ocean_and_ice": "all sea cells, frozen ones too",
    "all": "all cells, the prescribed land temperature too",
}


def variables(world: str, shape: tuple[int, int]) -> tuple[Variable, ...]:
    """The variables of a world, in the order of `scales.json`; `python -m validation.spin_up_atmosphere` writes it."""
    table = json.loads(SCALES.read_text())[world]
    return tuple(
        Variable(
            name=name,
            units=UNITS[name] if name in UNITS else UNITS[name.rstrip("0123456789")],
            shape=shape,
            dims=("lat", "lon"),
            scale=scale,
            obs_error=ERROR * scale,
        )
        for name, scale in table.items()
    )


def speedy_card(
    *,
    truncation: int,
    calendar: str,
    warmed: str,
    pattern: str,
    convection_hours: float,
    cloud_albedo: float,
    rain_threshold: float,
    sea_exchange: float,
    spinup: float | None,
) -> WorldCard:
    """What the world says of itself."""
    given = {
        "truncation": truncation, "calendar": calendar, "warmed": warmed, "pattern": pattern,
        "convection_hours": convection_hours, "cloud_albedo": cloud_albedo, "rain_threshold": rain_threshold,
        "sea_exchange": sea_exchange,
    }  # fmt: skip
    grid, facts = gauss(truncation), read_facts(str(Path(__file__).with_name("speedy.py")))
    shape = (len(grid.lat), len(grid.lon))
    kept = calendar_of(calendar)
    when = f"perpetual {calendar}" if not kept.runs else calendar
    return WorldCard(
        name="speedy",
        rung="sphere",
        summary=f"the moist atmosphere of SPEEDY at T{truncation}, {when}; +dT warms {CELLS[warmed]}",
        dt=0.25,
        time_units="d",
        variables=variables("speedy", shape),
        knobs=_knobs(winter_pattern(truncation, pattern), pattern, warmed),
        timescale=known_value(facts, "lyapunov_time", 3.0),
        spinup=spinup or (20.0 if own_pool("speedy", truncation, season(kept)) else 60.0),
        exponents=1,
        step_seconds=STEP_SECONDS * (truncation / 21) ** 2.5,
        references=REFERENCES,
        imperfect={
            **{k: v for k, v in given.items() if k not in TWIN and v != STANDARD[k]},
            **({} if spinup is None else {"spinup": float(spinup)}),
            # where the truth is the twin, its imperfect twin is the standard
            **{k: STANDARD[k] if given[k] == v else v for k, v in TWIN.items()},
        },
        grid=Grid(
            lat=plain(grid.lat, 8),
            lon=plain(grid.lon, 8),
            weights=plain(grid.weights, 12),
            land=plain(surface(truncation).land, 4),
            orography=plain(felt_orography(truncation), 5),
            truncation=truncation,
        ),
        errors="lagged",
        averages=True,
        lanes=LANES,
        history=HISTORY,
        limits=_limits(truncation, warmed),
        shown=SHOWN,
        data=made_from("speedy", truncation, season(kept)),
        knob_of={"response": "enso", "shift": "warming"},
        facts=facts_that_hold(facts, given, STANDARD),
        version=1,
    )


def _limits(truncation: int, warmed: str) -> tuple[str, ...]:
    land = "warmed as prescribed" if warmed == "all" else "held fixed"
    return (
        f"Land and ice temperatures are prescribed and {land} when the sea warms: land-sea contrast and polar "
        "amplification say nothing.",
        "The radiative response is not physical (a feedback near zero): it must not be read as climate sensitivity.",
        "Eight layers with a top at 25 hPa hold no stratospheric circulation.",
        f"T{truncation} holds no fronts and no mesoscale; cyclones have no size worth measuring at T21.",
        "Ten members support tropical rain and the odd (linear) part of a response only.",
    )


def _knobs(pattern: np.ndarray, winter: str, warmed: str) -> tuple[Knob, ...]:
    return (
        Knob(
            name="enso",
            default=0.0,
            low=-2.0,
            high=2.0,
            units="1",
            meaning=f"sea-surface temperature anomaly of the winter {winter} over the tropical Pacific, times this",
            pattern=plain(pattern, 6),
            step=1.0,
        ),
        Knob(
            name="warming",
            default=0.0,
            low=-1.0,
            high=1.0,
            units="K",
            meaning=f"added to the surface temperature of {CELLS[warmed]}",
        ),
    )


def plain(values: np.ndarray, digits: int) -> tuple[float, ...]:
    """Rounded, flattened, as Python floats: a card is the same on every machine."""
    return tuple(float(f"{x:.{digits}g}") for x in np.asarray(values, float).ravel())
