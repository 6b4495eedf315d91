"""How far a parameter can be turned before the chaos is lost."""

from typing import NamedTuple

import numpy as np

from validation.catalogue.orbits import Runner

REACHES = (0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002)
BENDS = (0.1, -0.1, 0.05, -0.05, 0.02, 0.01, 0.003)  # as many as stops: one compilation serves both
STOPS = (
    -1.0,
    -0.5,
    0.5,
    1.0,
    2.0,
    3.0,
    4.0,
)  # of the half range: training, then what the trial `shift` asks for
LANES = 8
ERRORS = 3.0  # standard errors by which an exponent must be positive


def exponents_at(
    runner: Runner, starts: np.ndarray, name: str, values: np.ndarray, *, spinup: float, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Leading exponent and its error at each value of a parameter; NaN where an orbit was lost or came to rest."""
    lanes = np.repeat(values, LANES)
    parameters = runner.parameters(len(lanes), **{name: lanes})
    states = np.asarray(starts)[np.arange(len(lanes)) % len(starts)]
    settled = runner.carry(states, parameters, spinup)
    found = runner.follow(settled, parameters, steps)
    grown = found.growth[..., 0]
    if not runner.world.about.smooth:
        grown = runner.separate(settled, parameters, np.std(starts, axis=0), steps)
    rates = (grown.mean(1) / runner.dt).reshape(len(values), LANES)
    spread = found.states.std(1).max(-1).reshape(len(values), LANES)
    size = np.abs(starts).max()
    lost = ~np.isfinite(rates).all(1) | (
        np.abs(found.states).reshape(len(values), -1).max(1) > 30 * size + 30
    )
    rest = (spread < 1e-6 * size).any(1)
    rates[lost | rest] = np.nan
    return rates.mean(1), rates.std(1, ddof=1) / np.sqrt(LANES)


RANGES = {
    "chaos beyond": "chaos inside it and at 2, 3 and 4 half ranges above",
    "chaos": "chaos inside it; beyond it orbits stay bounded and may be regular",
    "bounded": "orbits stay bounded, but are not chaotic everywhere inside it",
    "nothing": "orbits are lost at some of its values",
}


class Range(NamedTuple):
    """How far the knob may be turned.

    Attributes:
        reach: half the training range as a share of the default.
        kept: what was found there: "chaos beyond", also at 2, 3 and 4 half ranges above; "chaos", inside training,
            while orbits beyond stay bounded; "bounded", no more than that; "nothing", orbits are lost.
        exponents: knob value -> leading exponent and its error.
    """

    reach: float
    kept: str
    exponents: dict[float, tuple[float, float]]


def knob_range(
    runner: Runner,
    starts: np.ndarray,
    name: str,
    default: float,
    *,
    spinup: float,
    steps: int,
    least: float | None,
) -> Range:
    """The widest reach of the list that keeps most; chaos first, width second."""
    size = abs(default) or 1.0
    inside = np.abs(STOPS) <= 1
    found = []
    for reach in REACHES:  # one after the other: most systems keep their chaos within the first few
        values = np.asarray([default + reach * size * stop for stop in STOPS])
        rate, error = exponents_at(runner, starts, name, values, spinup=spinup, steps=steps)
        good, bounded = _chaotic(rate, error, least), np.isfinite(rate).all()
        pairs = {float(v): (float(r), float(e)) for v, r, e in zip(values, rate, error, strict=True)}
        if least is not None and good.all():
            return Range(reach, "chaos beyond", pairs)
        if least is None and bounded:
            return Range(reach, "bounded", pairs)
        found.append(
            Range(
                reach,
                "chaos" if good[inside].all() and bounded else "bounded" if bounded else "nothing",
                pairs,
            )
        )
    for kept in ("chaos", "bounded"):
        for one in found:
            if one.kept == kept:
                return one
    return found[-1]  # where orbits are lost at every reach, the smallest does least harm


def _chaotic(rate: np.ndarray, error: np.ndarray, least: float | None) -> np.ndarray:
    """Above zero by its errors and no mere remnant of the exponent at the default."""
    return rate > np.maximum(ERRORS * error, least or 0.0)


def imperfection(
    runner: Runner, starts: np.ndarray, parameters: dict[str, float], knob: str, *, spinup: float, steps: int,
    least: float | None,
) -> dict[str, float]:  # fmt: skip
    """A parameter other than the knob and a value of it, wrong by as much of a tenth as the chaos survives."""
    for name, value in parameters.items():
        if name == knob or value == 0:
            continue
        bent = np.asarray([value * (1 + bend) for bend in BENDS])
        rate, error = exponents_at(runner, starts, name, bent, spinup=spinup, steps=steps)
        good = np.flatnonzero(np.isfinite(rate) if least is None else _chaotic(rate, error, least))
        if good.size:
            return {name: float(f"{bent[good[0]]:.6g}")}
    return {}
