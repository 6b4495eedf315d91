"""Exponents from orbits, and what must be true of them whatever the system."""

from typing import Any, NamedTuple

import numpy as np

from gnomon.worlds.flow.system import AbstractFlow, invariants_of
from validation.catalogue.orbits import Orbits
from validation.sampling import Estimate, dimension, estimate
from validation.table import Row, below, reported, within

AGREE = 2e-3  # of the largest exponent: sum of the exponents against the divergence


class Spectrum(NamedTuple):
    """Exponents in descending order with standard errors over lanes, and what follows from them."""

    exponents: Estimate
    dimension: Estimate | None
    entropy: Estimate
    chaotic: bool


def spectrum_of(orbits: Orbits, dt: float) -> Spectrum:
    """The spectrum, its Kaplan-Yorke dimension, the sum of its positive part, and whether the orbits are chaotic."""
    return spectrum_of_growth(orbits.growth, dt)


def spectrum_of_growth(growth: np.ndarray, dt: float) -> Spectrum:
    """The same from [lane, time, vector] growth.

    Errors hold the standard error over lanes and, beside it, half the difference of the two halves of the orbits: lanes
    share what a finite time leaves open, and their scatter does not show it. Chaotic means that the leading
    exponent is positive by five errors in the whole and in the second half, that it has not fallen by more than half
    from the first half to the second, and that a small error has grown by more than e^4: shear, whose growth is
    algebraic, fails the last two.
    """
    middle, time = growth.shape[1] // 2, growth.shape[1] * dt
    samples = -np.sort(-growth.mean(1) / dt, axis=1)
    early, late = (-np.sort(-part.mean(1) / dt, axis=1) for part in (growth[:, :middle], growth[:, middle:]))
    lam, end = estimate(samples), estimate(late)
    drift = early.mean(0) - late.mean(0)
    lam = Estimate(lam.value, np.sqrt(lam.error**2 + (drift / 2) ** 2))
    positive_twice = lam.value[0] > 5 * lam.error[0] and end.value[0] > 5 * end.error[0]
    chaotic = bool(positive_twice and end.value[0] > 0.5 * early[:, 0].mean() and lam.value[0] * time > 4)
    size = None
    if samples.shape[1] > 1:
        try:
            size = dimension(samples)
        except ValueError:
            size = None
    # Which exponents count as positive is decided once, by their means, or noise in a zero exponent would add up.
    sure = lam.value > np.maximum(5 * lam.error, 0.01 * abs(lam.value[0]))
    positive = sure if chaotic else np.zeros(len(lam.value), bool)
    return Spectrum(lam, size, estimate(samples[:, positive].sum(1)), chaotic)


def halves(orbits: Orbits, dt: float) -> float:
    """By how many errors the leading growth differs between the halves of the orbits: chaos that dies shows here."""
    growth = orbits.growth[..., 0] / dt
    middle = growth.shape[1] // 2
    gap = growth[:, :middle].mean(1) - growth[:, middle:].mean(1)
    # lanes that agree to rounding still differ by what a finite time leaves open
    error = np.hypot(gap.std(ddof=1) / np.sqrt(len(gap)), 1 / (growth.shape[1] * dt))
    return float(gap.mean() / error)


def mismatch(orbits: Orbits, found: Spectrum, dt: float) -> float:
    """By how much the sum of the exponents misses the divergence in the worst lane, over the largest exponent."""
    rate = orbits.divergence / (orbits.growth.shape[1] * dt)
    gap = np.abs(orbits.growth.mean(1).sum(1) / dt - rate).max()
    return float(gap / np.abs(found.exponents.value).max())


def self_checks(cls: Any, orbits: Orbits, found: Spectrum, dt: float) -> list[Row]:
    """Sum of exponents against the volume, the exponent along the orbit, pairing, invariants."""
    about, lam, steps = cls.about, found.exponents, orbits.growth.shape[1]
    rows = [
        reported(f"exponent {i + 1}", float(v), float(e))
        for i, (v, e) in enumerate(zip(lam.value, lam.error, strict=True))
    ]
    flow = issubclass(cls, AbstractFlow)
    if about.smooth:
        told = "largest |sum of exponents - mean growth of volume| of a lane / largest exponent"
        rows.append(below(told, mismatch(orbits, found, dt), None, AGREE))
    if about.smooth and flow:
        near = int(np.argmin(np.abs(lam.value)))
        # three nats over the whole length: what the settling of the frames leaves open
        bound = 4 * float(lam.error[near]) + 3 / (steps * dt)
        told = "the exponent nearest to zero"
        rows.append(within(told, float(lam.value[near]), float(lam.error[near]), 0.0, bound, "theory: 0"))
    if flow and about.scheme == "gauss_legendre":
        pairs = lam.value + lam.value[::-1]
        room = 5 * float(np.hypot(lam.error, lam.error[::-1]).max()) + 1e-3 * float(np.abs(lam.value).max())
        told = "largest |exponent i + exponent n+1-i|"
        rows.append(below(told, float(np.abs(pairs).max()), None, room, "theory: 0"))
    return rows + (_invariants(cls, orbits) if flow else [])


def _invariants(cls: Any, orbits: Orbits) -> list[Row]:
    """Drift of what is conserved, over its spread between lanes or its own size."""
    rows = []
    states = np.moveaxis(orbits.states, -1, 0)
    for name, values in invariants_of(cls, states, cls.about.parameters).items():
        values = np.asarray(values)
        drift = np.abs(values - values[:, :1]).max() / (np.abs(values).mean() + 1e-300)
        rows.append(below(f"largest relative drift of {name}", float(drift), None, 1e-4, "theory: 0"))
    return rows
