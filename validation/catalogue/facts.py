"""The facts that follow from orbits, rounded to a tenth of their errors so that the file does not pretend."""

import math
from typing import Any

import numpy as np

from gnomon.spec.cards import Fact
from validation.catalogue.climate import crossing_period, leading_period, memory
from validation.catalogue.disorder import disorder, fractal_dimension
from validation.catalogue.orbits import Orbits
from validation.catalogue.spectrum import Spectrum
from validation.sampling import Estimate


def fact_of(
    system: str,
    label: str,
    found: Estimate,
    how: str,
    *,
    units: str = "1",
    at: dict[str, float] | None = None,
) -> Fact:
    """One fact, with the command that makes it."""
    value, error = float(found.value), float(found.error)
    digits = max(0, 2 - math.floor(math.log10(error))) if error > 0 and math.isfinite(error) else 12
    return Fact(
        name=label, value=round(value, min(digits, 15)), error=float(f"{error:.2g}") if math.isfinite(error) else None,
        units=units, source=f"python -m validation.catalogue {system}", how=how, at=at or {},
    )  # fmt: skip


def exponent_facts(system: str, found: Spectrum, how: str) -> list[Fact]:
    """Exponents, the dimension and the entropy that follow."""
    facts = []
    for i, (value, error) in enumerate(zip(*found.exponents, strict=True)):
        label = "leading_exponent" if i == 0 else f"exponent_{i + 1}"
        facts.append(fact_of(system, label, Estimate(value, error), how, units="1/time"))
    if found.dimension is not None:
        told = "mean spectrum, jackknife over orbits"
        facts.append(fact_of(system, "kaplan_yorke_dimension", found.dimension, told))
    facts.append(fact_of(system, "entropy", found.entropy, "sum of the positive exponents", units="1/time"))
    return facts


def time_facts(system: str, what: str, series: np.ndarray, dt: float, how: str) -> list[Fact]:
    """Scales of time and disorder of one quantity [lane, time]."""
    facts = [
        fact_of(
            system,
            "leading_period",
            leading_period(series, dt),
            f"spectral peak of {what}; {how}",
            units="time",
        )
    ]
    crossings = crossing_period(series, dt)
    if crossings is not None:
        facts.append(
            fact_of(system, "mean_period", crossings, f"crossings of the mean of {what}; {how}", units="time")
        )
    try:
        found = memory(series, dt)
        facts.append(
            fact_of(
                system,
                "decorrelation_time",
                found,
                f"autocorrelation of {what} below 1/e; {how}",
                units="time",
            )
        )
    except (ValueError, IndexError):
        pass  # it never falls below: nothing is said
    for label, value in disorder(series, dt).items():
        facts.append(fact_of(system, label, value, f"order 5, interval by the rule of PECCARY; {how}"))
    return facts


def facts_of(
    system: str, about: Any, orbits: Orbits, found: Spectrum, dt: float, *, flow: bool
) -> list[Fact]:
    """All facts of a flow or a map at its standard parameters."""
    lanes, steps = orbits.growth.shape[:2]
    how = f"{lanes} orbits of {steps * dt:.4g} time units"
    way = "tangent vectors" if about.smooth else "pairs of orbits a thousandth of the spread apart"
    error = "standard error over orbits and half the difference of their halves"
    facts = exponent_facts(system, found, f"{way}; {how}; {error}")
    plain = [i for i, s in enumerate(about.state) if s not in about.angles]
    shown = plain[0] if plain else 0
    first = orbits.states[..., shown]
    if not plain:
        first = np.cos(2 * np.pi * first / about.angles[about.state[0]])
    if flow:
        facts += time_facts(system, about.state[shown], first, dt, how)
    for i in plain:
        mean = orbits.states[..., i].mean(1)
        middle = Estimate(mean.mean(), mean.std(ddof=1) / np.sqrt(lanes))
        facts.append(fact_of(system, f"mean_{about.state[i]}", middle, how))
    size = fractal_dimension(orbits.states, [about.angles.get(s) for s in about.state])
    if size is not None:
        facts.append(fact_of(system, "correlation_dimension", size, "correlation sums over groups of orbits"))
    return [f for f in facts if math.isfinite(f.value)]
