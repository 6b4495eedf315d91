"""Is the learned system as chaotic as the true one, and of the same dimension?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.tables import each_unit, kept, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve

FORGETS = -50.0  # per Lyapunov time: no motion decays so fast that is not simply dropped by the map


class LeadingExponent(AbstractMeasure):
    """Squared error of the leading Lyapunov exponent of the learned system, from its own tangent dynamics.

    d = ((mean over units of l1) - (truth's mean))^2 x (Lyapunov time)^2, corrected for the noise of both means; the
    exponents are those that the experiment `tangent` computed (Benettin et al. 1980, doi:10.1007/BF02128236; Pathak et
    al. 2017, doi:10.1063/1.5010300). The number a unit is the pseudo-value.

    What misleads: the exponent of a model is that of its whole state (memory included) and of the attractor it went
    to, which need not be the right one; a model can have the right exponent for a wrong reason. Finite-time exponents
    of short runs scatter. A map that forgets its state altogether (a climatology) has no exponent, and no answer.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "1 / time unit"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1063/1.5010300"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Exponents of each unit."""
        return _table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error, in inverse Lyapunov times."""
        require_truth(truth)
        alive = subject["alive"]
        timescale = truth["timescale"][0]
        x = subject["exponents"][alive, :1] * timescale
        return with_lost(paired_error(x, truth["exponents"][:, :1] * timescale, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The leading exponent, per time unit of the world."""
        alive = subject["alive"]
        return with_lost(subject["exponents"][alive, 0], alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The spectrum of exponents."""
        series = []
        for role in present(tables, "truth", "subject"):
            mean, twice = over_units(tables[role]["exponents"], tables[role]["alive"])
            series.append(line(NAMES[role], role, np.arange(1, len(mean) + 1), mean, spread=twice))
        return (
            Curve(
                name="exponents",
                title="Lyapunov exponents",
                kind="bars" if tables["truth"]["exponents"].shape[1] <= 12 else "line",
                x_label="index",
                y_label=f"exponent (1 / {evidence['truth'].card.time_units})",
                series=tuple(series),
                note="band: two standard errors over units",
            ),
        )


class KaplanYorke(AbstractMeasure):
    """Squared error of the Kaplan-Yorke dimension of the learned system.

    D = j + (l_1 + … + l_j) / |l_{j+1}|, j the last index with a non-negative sum (Kaplan and Yorke 1979,
    doi:10.1007/BFb0064319), of each unit; d = (mean - truth's mean)^2 corrected for the noise of both means. The number
    a unit is the pseudo-value.

    What misleads: a learned system with memory has more directions than the world, and one slow spurious direction adds
    a whole dimension. So does a neutral one: where the truth's spatial mean is fixed and a learned map keeps whatever
    value it has, the learned system has one more exponent of zero, and its dimension is larger than the truth's by one
    at the same climate. Where all exponents that the world's card asks for sum to something positive, D is at least
    their number, and their number is what is returned; where fewer were computed (a model of large state), there is
    no answer. A state that never moves has all exponents zero and dimension 0 by convention.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1007/BFb0064319"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Exponents and dimension of each unit."""
        table = _table(evidence)
        filled = np.where(table["alive"][:, None], table["exponents"], 0.0)
        sums, k = np.cumsum(filled, axis=1), filled.shape[1]
        if k < evidence.card.exponents and ((sums >= 0).all(axis=1) & (filled != 0).any(axis=1)).any():
            raise CannotMeasure(
                f"only {k} exponents were computed and their sum is positive, so the dimension is larger than {k} "
                f"and unknown; it takes {evidence.card.exponents}"
            )
        return table | {"dimension": kaplan_yorke(filled)}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error."""
        require_truth(truth)
        alive = subject["alive"]
        error = paired_error(subject["dimension"][alive, None], truth["dimension"][:, None], alive)
        return with_lost(error, alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The dimension."""
        alive = subject["alive"]
        return with_lost(subject["dimension"][alive], alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The running sum of exponents, whose zero is the dimension."""
        series = []
        for role in present(tables, "truth", "subject"):
            x = tables[role]["exponents"]
            sums = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
            mean, twice = over_units(sums, tables[role]["alive"])
            series.append(line(NAMES[role], role, np.arange(len(mean)), mean, spread=twice))
        return (
            Curve(
                name="dimension",
                title="Growth rate of volumes",
                kind="line",
                x_label="dimension of the volume",
                y_label=f"sum of exponents (1 / {evidence['truth'].card.time_units})",
                series=tuple(series),
                note="the Kaplan-Yorke dimension is where the line crosses zero",
            ),
        )


def kaplan_yorke(exponents: np.ndarray) -> np.ndarray:
    """[unit] dimension from [unit, k] exponents in descending order."""
    n, k = exponents.shape
    sums = np.concatenate([np.zeros((n, 1)), np.cumsum(exponents, axis=1)], axis=1)
    negative = sums < 0
    j = np.where(negative.any(axis=1), np.argmax(negative, axis=1) - 1, k)
    unit = np.arange(n)
    following = exponents[unit, np.minimum(j, k - 1)]
    fraction = np.where(j < k, sums[unit, j] / np.where(following == 0, np.inf, np.abs(following)), 0.0)
    return np.where((exponents == 0).all(axis=1), 0.0, j + fraction)


def _table(evidence: Evidence) -> UnitTable:
    runs = runs_of(evidence, "tangent")
    if runs.exponents is None:
        raise CannotMeasure("the experiment 'tangent' brought no exponents; ask for them in its outputs")
    exponents = np.asarray(runs.exponents, float)
    alive = kept(runs) & np.isfinite(exponents).all(axis=1)
    leading = exponents[alive, 0] * evidence.card.timescale
    if (leading < FORGETS).any():
        raise CannotMeasure(
            f"the map forgets its state: its leading exponent is {leading.min():.3g} per Lyapunov time, "
            "which is the logarithm of a direction that the map destroys and not a rate"
        )
    return {
        "exponents": exponents,
        "timescale": each_unit(evidence.card.timescale, len(alive)),
        "alive": alive,
    }
