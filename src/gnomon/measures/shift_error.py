"""Does the model respond rightly to a forcing it never trained on?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.features import flat, normalised, response_table
from gnomon.measures.response_figures import saturation
from gnomon.measures.tables import declared, each_unit, require_truth, with_lost
from gnomon.numerics.jackknife import pair_mean, paired_error, standard_error
from gnomon.spec.results import Curve


class ShiftError(AbstractMeasure):
    """Squared error of the response to steady forcings beyond the training range.

    As `response_error`, over the shifts: d = mean over shifts and features of (X - R)^2 / (internal variance),
    corrected for the noise of X and R (pairs of units); X is the change of the mean features from the same model's
    control (Hoeffding 1948, doi:10.1214/aoms/1177730196; the question of Chen et al. 2026,
    doi:10.48550/arXiv.2602.11313). The number a unit is the pseudo-value.

    What misleads: the knob's value does not make worlds comparable; distance beyond the range and forced signal over
    internal variability do, and both are drawn. The largest shift decides. A diverged shift loses the whole unit.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "internal variances"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2602.11313"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Responses of each unit."""
        offsets, distances = declared(evidence, "offsets"), declared(evidence, "distances")
        table = response_table(evidence, offsets)
        ordered = [
            float(distances[label]) for label in sorted(offsets, key=lambda label: float(offsets[label]))
        ]
        return table | {"distance": each_unit(np.array(ordered), len(table["alive"]))}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error."""
        require_truth(truth)
        x, true = flat(normalised(truth, subject)), flat(normalised(truth, truth))
        return with_lost(paired_error(x, true, subject["alive"]), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Error against distance, signal over variability against distance, and the warming curves."""
        truth = tables["truth"]
        distance = truth["distance"][0]
        shifts = truth["response"].shape[1]
        true = normalised(truth, truth) * np.sqrt(shifts)
        series = []
        for role in present(tables, "subject", "floor", "null"):
            x = normalised(truth, tables[role]) * np.sqrt(shifts)
            if not len(x):
                continue
            p = [paired_error(x[:, s], true[:, s], tables[role]["alive"]) for s in range(shifts)]
            mean = np.array([v.mean() for v in p])
            twice = np.array([2 * standard_error(v) for v in p])
            series.append(line(NAMES[role], role, distance, mean, spread=twice))
        signal = np.sqrt([max(pair_mean(true[:, s])[0], 0.0) for s in range(shifts)])
        x_label = "distance beyond the training range (ranges)"
        ratio = ", ".join(f"{s:.2g} at {d:.2g}" for s, d in zip(signal, distance, strict=True))
        return (
            Curve(
                name="shift",
                title="Error of the response beyond the training range",
                kind="line",
                x_label=x_label,
                y_label="squared error (internal variances)",
                series=tuple(series),
                note=f"forced signal over internal variability: {ratio}",
            ),
            Curve(
                name="signal",
                title="Forced signal over internal variability",
                kind="line",
                x_label=x_label,
                y_label="root-mean-square true response (internal standard deviations)",
                series=(line(NAMES["truth"], "truth", distance, signal),),
            ),
            *saturation(tables, evidence["truth"].card, "forcing (half of the training range)"),
        )
