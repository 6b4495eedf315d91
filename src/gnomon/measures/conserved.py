"""Does a free run keep what the world conserves and balance what it balances?"""

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import each_unit, living, lyapunov_times, require_truth, runs_of, with_lost
from gnomon.numerics.spectra import derivative
from gnomon.spec.cards import Balance, WorldCard
from gnomon.spec.results import Curve


class Conserved(AbstractMeasure):
    """Violation of the identities on the world's card, in their own scales.

    For a conserved sum b: r = root of the mean over time of ((b(t) - b(first)) / scale)^2. For a balance whose time
    mean is zero on the attractor: r = |time mean of b / scale|. d = mean over the card's balances of r, unit by unit;
    the definition is this project's. Not squared: the terms of a budget have long tails, and squares would leave every
    comparison to one unit.

    What misleads: a balance closes to within (change of the store) / (length of the run), so short runs have a high
    floor; a state that stands still conserves everything perfectly, so `conserved` sums alone leave no room against
    the frozen null and only the balances do; closing a budget does not mean that its terms are right.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "scales of the balance"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "defined here; the balances carry their own sources on the world's card"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, balance] violation, and its course in time."""
        card, runs = evidence.card, runs_of(evidence, "free")
        if not card.balances:
            raise CannotMeasure(f"the card of {card.name} names nothing that is conserved or balanced")
        violations, courses = [], []
        for balance in card.balances:
            b = course(card, runs, balance) / balance.scale
            if balance.kind == "conserved":
                b = b - b[:, :1]
                violations.append(np.sqrt(np.mean(b**2, axis=1)))
            else:
                b = np.cumsum(b, axis=1) / np.arange(1, b.shape[1] + 1)
                violations.append(np.abs(b[:, -1]))
            courses.append(b)
        return {
            "violation": np.stack(violations, axis=1),
            "course": np.stack(courses, axis=1),
            "lead": each_unit(lyapunov_times(card, runs), len(runs.diverged)),
            "alive": living(runs),
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean over balances of the violation."""
        require_truth(truth)
        alive = subject["alive"]
        return with_lost(subject["violation"][alive].mean(axis=1), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Violation of each balance in time, root-mean-square over units."""
        out = []
        for i, balance in enumerate(evidence["truth"].card.balances):
            series = []
            for role in present(tables, "truth", "subject", "null"):
                found = tables[role]["course"][tables[role]["alive"], i]
                if len(found):
                    series.append(
                        line(NAMES[role], role, tables[role]["lead"][0], np.sqrt(np.mean(found**2, axis=0)))
                    )
            what = "drift" if balance.kind == "conserved" else "time mean so far"
            out.append(
                Curve(
                    name=f"balance_{i}",
                    title=balance.name.replace("_", " ").capitalize(),
                    kind="line",
                    x_label="time (Lyapunov times)",
                    y_label=f"{what}, root mean square over units",
                    log="y" if balance.kind == "stationary" else "",
                    series=tuple(series),
                    note=f"in scales of {balance.scale:g} {balance.units}",
                )
            )
        return tuple(out)


def course(card: WorldCard, runs: Runs, balance: Balance) -> np.ndarray:
    """[unit, lead] the balance's sum, products averaged over space."""
    axes = max((len(v.shape) for v in card.variables), default=0)
    shape = next(iter(runs.obs.values())).shape
    total = np.zeros((shape[0], shape[2]))
    for coefficient, factors in balance.terms:
        product = np.ones((1, 1) + (1,) * axes)
        for factor in factors:
            product = product * _factor(card, runs, factor, axes)
        total = total + coefficient * product.mean(axis=tuple(range(2, 2 + axes)))
    return total


def _factor(card: WorldCard, runs: Runs, factor: str, axes: int) -> np.ndarray:
    """One factor of a monomial as [unit, lead, *space], with axes of length 1 where it does not vary."""
    name, _, what = factor.partition(":")
    variable = next((v for v in card.variables if v.name == name), None)
    if variable is not None:
        x = np.asarray(runs.obs[name][:, 0], float)
        if what:
            if card.length is None:
                raise CannotMeasure(
                    f"{factor!r} is a derivative and the card of {card.name} states no length"
                )
            x = derivative(x, int(what), card.length)
        return x.reshape(*x.shape, *(1,) * (axes - len(variable.shape)))
    knob = card.knob(name)
    if what == "pattern":
        if knob.pattern is None:
            raise CannotMeasure(f"{factor!r}: knob {name!r} of {card.name} has no pattern")
        shapes = (v.shape for v in card.variables if math.prod(v.shape) == len(knob.pattern))
        shape = next(shapes, (len(knob.pattern),))
        return np.asarray(knob.pattern, float).reshape(1, 1, *(1,) * (axes - len(shape)), *shape)
    value = np.asarray(runs.forcing[name], float)
    return value.reshape(*value.shape, *(1,) * axes)
