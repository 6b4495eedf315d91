"""Does twice the warming change each field twice as much, where it should?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.nonlinearity import doubled
from gnomon.measures.sphere.blocks import Block, block_table
from gnomon.measures.sphere.pattern_scaling import nonlinearity, relative_error, scaled_prediction
from gnomon.measures.sphere.products import detected
from gnomon.measures.sphere.steady import grid_of, steady
from gnomon.measures.tables import declared, require_truth, with_lost
from gnomon.numerics.jackknife import pair_mean, paired_error, standard_error
from gnomon.spec.results import Curve

FIELDS = ("tas", "pr", "hus850", "ta500", "ta250", "ua250", "zg500")


class WarmingScaling(AbstractMeasure):
    """Error of the nonlinearity of each field's response to warming, and linear pattern scaling as the baseline.

    With X(d) the change of a field's mean under the smallest shift whose double was run too, N = X(2d) - 2 X(d). d
    = mean over fields of |N - N_true|^2 / |2 X_true(d)|^2, area means, corrected for noise by pairs of different
    units (Hoeffding 1948, doi:10.1214/aoms/1177730196; the test of Chen et al. 2026,
    doi:10.48550/arXiv.2602.11313). A model that does not respond and one that is strictly linear have N = 0 and
    score the same. value = mean over fields of |N| / |2 X(d)|, norms without noise; NaN where a response cannot be
    told from it. The second figure holds the model's error at 2d against that of pattern scaling, 2 X_true(d)
    (Luetjens et al. 2025, doi:10.1029/2024MS004619): a model that cannot beat it might be replaced by one
    multiplication.

    What misleads: a norm has no sign; where the truth is linear there is no room; a kelvin of the forcing is not a
    kelvin at the surface.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2602.11313"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Responses of each field to d and 2d."""
        offsets = {label: float(v) for label, v in declared(evidence, "offsets").items()}
        pair = doubled(offsets)
        grid = grid_of(evidence)
        table: UnitTable = {}
        reasons = []
        for name in FIELDS:
            if name in evidence.card.shown:
                continue
            try:
                means = steady(evidence, pair, (name,))
            except CannotMeasure as reason:
                reasons.append(str(reason))
                continue
            found = block_table(grid, means, (Block(name, "globe"),))
            table[name] = found["response"]
            table |= {"offset": found["offset"], "alive": table.get("alive", found["alive"]) & found["alive"]}
        if not table:
            raise CannotMeasure("; ".join(dict.fromkeys(reasons)))
        return table

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared distance of the nonlinear parts."""
        require_truth(truth)
        names = [n for n in shared(truth, subject) if detected(2 * truth[n][:, 0])]
        if not names:
            raise CannotMeasure(
                "no field's true response can be told from noise, so nonlinearity has no scale"
            )
        alive = subject["alive"]
        if not alive.any():
            return with_lost(np.zeros(0), alive)
        total = np.zeros(int(alive.sum()))
        for name in names:
            size = 4 * pair_mean(truth[name][:, 0])[0]
            total += paired_error(_bend(subject[name])[alive], _bend(truth[name]), alive) / size / len(names)
        return with_lost(total, alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the mean ratio."""
        alive = subject["alive"]
        found = [
            nonlinearity(_bend(subject[n])[alive], 2 * subject[n][alive][:, 0])
            for n in shared(truth, subject)
        ]
        return with_lost(np.mean(found, axis=0), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Nonlinearity by field, and errors at the double forcing beside pattern scaling's."""
        truth = tables["truth"]
        names = [n for n in FIELDS if all(n in t for t in tables.values())]
        listed = ", ".join(f"{i}: {n}" for i, n in enumerate(names))
        place, bends, errors = np.arange(len(names)), [], []
        for role in present(tables, "truth", "subject", "floor"):
            alive = tables[role]["alive"]
            found = []
            for n in names:
                p = nonlinearity(_bend(tables[role][n])[alive], 2 * tables[role][n][alive][:, 0])
                found.append((p.mean(), 2 * standard_error(p)) if len(p) > 1 else (np.nan, np.nan))
            y, spread = np.array(found).T
            bends.append(line(NAMES[role], role, place, y, spread=spread))
        everyone = np.ones(len(truth["alive"]), bool)
        for role in present(tables, "truth", "subject", "floor"):
            found = []
            for n in names:
                true, table = truth[n][:, 1], tables[role]
                if role == "truth":
                    found.append(relative_error(scaled_prediction(truth[n][:, 0], 2.0), true, everyone))
                else:
                    found.append(relative_error(table[n][table["alive"]][:, 1], true, table["alive"]))
            y, error = np.array(found).T
            label = "linear pattern scaling of the truth" if role == "truth" else NAMES[role]
            errors.append(line(label, role, place, y, spread=2 * error))
        far = truth["offset"][0, -1]
        return (
            Curve(name="nonlinearity", title="Nonlinearity of the response by field", kind="bars",
                  x_label="field (listed below)", y_label="|X(2d) - 2 X(d)| / |2 X(d)| (1)", series=tuple(bends),
                  note=f"{listed}; band: two standard errors"),
            Curve(name="pattern_scaling", title=f"Error of the response to {far:g} half ranges, beside pattern scaling",
                  kind="bars", x_label="field (listed below)", y_label="squared error over the true square (1)",
                  series=tuple(errors), note=f"{listed}; band: two standard errors"),
        )  # fmt: skip


def shared(truth: UnitTable, subject: UnitTable) -> list[str]:
    """Fields that both have."""
    return [n for n in FIELDS if n in truth and n in subject]


def _bend(x: np.ndarray) -> np.ndarray:
    """[unit, feature] X(2d) - 2 X(d)."""
    return x[:, 1] - 2 * x[:, 0]
