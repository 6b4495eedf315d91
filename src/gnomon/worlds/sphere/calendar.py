"""Calendars of the lower boundary: a perpetual month, the annual cycle, or the years 1979-2013."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.spec.errors import BadSpec
from gnomon.worlds.sphere.surface import ANOMALIES, MIDDLES, MONTHS, YEAR

JUNE_TO_NOVEMBER = range(4, 10)  # months whose air is closer to July's than to January's


class Calendar(NamedTuple):
    """How a world's clock moves.

    Attributes:
        name: a month, "annual" or "amip".
        start: the clock of a state from `init`: days since the first of January (of 1979 for "amip").
        runs: whether the clock moves at all.
        records: which of the twelve monthly records are needed, as a slice.
        dated: whether anomalies of single years are added.
    """

    name: str
    start: float
    runs: bool
    records: slice
    dated: bool


def calendar_of(name: str) -> Calendar:
    """The calendar of that name."""
    if name in MONTHS:
        month = MONTHS.index(name)
        return Calendar(name, float(MIDDLES[month]), False, slice(month, month + 1), False)
    if name in ("annual", "amip"):
        return Calendar(name, float(MIDDLES[0]), True, slice(0, 12), name == "amip")
    raise BadSpec(f"speedy: calendar {name!r} is unknown; give a month in lower case, 'annual' or 'amip'")


def season(calendar: Calendar) -> str:
    """Which of the two spun-up pools lies closer: "january" or "july"."""
    month = MONTHS.index(calendar.name) if calendar.name in MONTHS else 0
    return "july" if month in JUNE_TO_NOVEMBER else "january"


def advance(calendar: Calendar, clock: Array, days: float) -> Array:
    """The clock some days later."""
    if not calendar.runs:
        return clock
    return clock + days if calendar.dated else jnp.mod(clock + days, YEAR)


def month_weights(calendar: Calendar, clock: Array) -> Array:
    """Weights of the calendar's records at a clock: linear between the middles of months, round the year."""
    if not calendar.runs:
        return jnp.ones(1, clock.dtype)
    nodes = np.concatenate([[MIDDLES[-1] - YEAR], MIDDLES, [MIDDLES[0] + YEAR]])
    hats = np.eye(12)[np.concatenate([[11], np.arange(12), [0]])]
    day = jnp.mod(clock, YEAR)
    return jnp.stack([jnp.interp(day, nodes, hats[:, m]) for m in range(12)]).astype(clock.dtype)


def dated_value(series: Array, clock: Array) -> Array:
    """A monthly series from January 1979 at a clock, linear between the middles of months, held after its end."""
    nodes = jnp.asarray((YEAR * np.arange(ANOMALIES // 12)[:, None] + MIDDLES).ravel(), clock.dtype)
    low = jnp.clip(jnp.searchsorted(nodes, clock, side="right") - 1, 0, ANOMALIES - 2)
    way = jnp.clip((clock - nodes[low]) / (nodes[low + 1] - nodes[low]), 0.0, 1.0)
    return series[low] * (1 - way) + series[low + 1] * way
