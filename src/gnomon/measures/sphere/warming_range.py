"""How much of what a model sees of itself in a warmer world lies outside what it knew?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.steady import grid_of
from gnomon.measures.tables import declared, each_unit, kept, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve


class RangeShare(AbstractMeasure):
    """Share of a model's own states under warming that lie outside the range of its control.

    For each variable and point the range is the least and the largest value in the model's own control run (all
    units and saved times); share = area mean over points and saved times of values outside it, averaged over
    variables. By chance a new draw of n saved values lies outside with probability 2 / (n + 1), stated in the
    figure. d = mean over shifts and variables of (share - the truth's)^2, corrected for noise by pairs of different
    units (Hoeffding 1948, doi:10.1214/aoms/1177730196). value = share at the largest shift. A learned part fed on
    such states extrapolates, which is where Chen et al. 2026 (doi:10.48550/arXiv.2602.11313) look for the cause of
    errors.

    What misleads: the control stands in for the training data, which held forced states too; variable by variable a
    state can be in range and their combination new; a model whose control varies too much is never out of range;
    means over days have narrower ranges than instants.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "share"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2602.11313"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Each unit's shares by shift and variable."""
        grid, offsets = grid_of(evidence), declared(evidence, "offsets")
        order = sorted(offsets, key=lambda label: float(offsets[label]))
        control, forced = runs_of(evidence, "control"), [runs_of(evidence, label) for label in order]
        units = len(forced[0].diverged)
        if any(len(runs.diverged) != units for runs in forced):
            raise CannotMeasure("the shifts have different numbers of units")
        names = [n for n in _held(evidence) if all(n in r.obs for r in forced)]
        if not names:
            raise CannotMeasure("no field was saved in the control and under every shift")
        lives = kept(control)
        alive = np.all([kept(runs) for runs in forced], axis=0) & (
            lives.any() and (lives[:units] | (len(lives) != units))
        )
        share = np.zeros((units, len(order), len(names)))
        for v, name in enumerate(names):
            if not lives.any():
                break
            known = control.obs[name][lives]
            low, high = known.min(axis=(0, 1, 2)), known.max(axis=(0, 1, 2))
            for s, runs in enumerate(forced):
                x = runs.obs[name]
                outside = ((x < low) | (x > high)).mean(axis=(1, 2, 4))
                share[:, s, v] = outside @ np.asarray(grid.weights)
        count = int(lives.sum()) * int(np.prod(control.obs[names[0]].shape[1:3]))
        return {
            "share": share,
            "kelvin": each_unit(
                [float(offsets[k]) * float(declared(evidence, "half_range")) for k in order], units
            ),
            "chance": each_unit(2.0 / (count + 1), units),
            "alive": alive,
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error of the shares."""
        require_truth(truth)
        alive = subject["alive"]
        true, x = (t["share"].reshape(len(t["share"]), -1) for t in (truth, subject))
        if true.shape[1] != x.shape[1]:
            raise CannotMeasure("the model and the truth hold different variables")
        scale = np.sqrt(true.shape[1])
        return with_lost(paired_error(x[alive] / scale, true / scale, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Share at the largest shift."""
        return with_lost(
            subject["share"][subject["alive"]][:, -1].mean(axis=-1), subject["alive"], lost=np.nan
        )

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Share against the warming, and by variable at the largest."""
        names = _held(evidence["truth"])
        series, bars = [], []
        for role in present(tables, "truth", "subject", "null"):
            table = tables[role]
            mean, twice = over_units(table["share"].mean(axis=2), table["alive"])
            series.append(line(NAMES[role], role, table["kelvin"][0], mean, spread=twice))
            mean, twice = over_units(table["share"][:, -1], table["alive"])
            bars.append(line(NAMES[role], role, np.arange(len(mean)), mean, spread=twice))
        chance = f"{tables['truth']['chance'][0]:.2g} is expected by chance"
        listed = ", ".join(f"{i}: {n}" for i, n in enumerate(names))
        return (
            Curve(name="range_share", title="States outside the range of the control", kind="line",
                  x_label="warming (K)", y_label="share of points and times", series=tuple(series),
                  note=f"{chance}; band: two standard errors"),
            Curve(name="range_by_variable", title="States outside the range of the control, by variable",
                  kind="bars", x_label="variable (listed below)", y_label="share of points and times",
                  series=tuple(bars), note=f"{listed}; {chance}"),
        )  # fmt: skip


def _held(evidence: Evidence) -> list[str]:
    """Variables of the control that are fields on the grid."""
    grid = grid_of(evidence)
    shape = (len(grid.lat), len(grid.lon))
    shown = evidence.card.shown
    return [
        n for n, x in runs_of(evidence, "control").obs.items() if x.shape[-2:] == shape and n not in shown
    ]
