"""Add a measure: the mean absolute error one Lyapunov time ahead. Run it: the contract is checked, then it is asked.

In the package this class would be a file in src/gnomon/measures/ and one line of the registry; here its own name,
"add_a_measure:EarlyError", is enough. Adding a measure to a study that was run reruns no simulation.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.tables import living, require_truth, runs_of, with_lost
from gnomon.spec.results import Curve, Series


class EarlyError(AbstractMeasure):
    """Mean absolute error of all variables up to one Lyapunov time, each over its standard deviation.

    d = mean over leads and components of |x - y| / scale, unit by unit, against the truth from the same start.

    What misleads: it sees the first moments only; a model that drifts off the attractor later scores well.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "standard deviations"
    null: ClassVar[str] = "persistence_or_climatology"
    reference: ClassVar[str] = "none: an example"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, lead, component] scaled states up to one Lyapunov time."""
        runs = runs_of(evidence, "forecast")
        early = runs.time <= evidence.card.timescale * (1 + 1e-9)
        parts = [
            runs.obs[v.name][:, 0, early].reshape(len(runs.diverged), early.sum(), -1) / v.scale
            for v in evidence.card.variables
        ]
        return {"state": np.concatenate(parts, axis=-1).astype(float), "alive": living(runs)}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """One error a unit; a unit that diverged is +inf."""
        require_truth(truth)
        alive = subject["alive"]
        error = np.abs(subject["state"] - truth["state"])[alive].mean(axis=(1, 2))
        return with_lost(error, alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The error is what one would quote."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The error of every unit, sorted."""
        series = []
        for role in ("subject", "floor", "null"):
            if role in tables:
                errors = np.sort(self.discrepancy(tables["truth"], tables[role]))
                kept = tuple(float(e) for e in errors[np.isfinite(errors)])
                series.append(
                    Series(label=role, role=role, x=tuple(float(i) for i in range(len(kept))), y=kept)
                )
        return (
            Curve(
                name="early_error",
                title="Error one Lyapunov time ahead",
                kind="points",
                x_label="units, the best first",
                y_label="mean absolute error (standard deviations)",
                series=tuple(series),
            ),
        )


if __name__ == "__main__":
    import gnomon
    from gnomon.spec.study import DataPlan, Ref, Study, TrialRef
    from gnomon.testing.measures import check_measure

    check_measure(EarlyError())
    mine = Ref(kind="add_a_measure:EarlyError", label="early_error")
    study = Study(
        name="add-a-measure",
        question="How large is the error one Lyapunov time ahead?",
        worlds=(Ref(kind="lorenz63"),),
        learners=(Ref(kind="persistence"),),
        trials=(
            TrialRef(
                kind="forecast", args={"units": 10, "horizon": 10.0}, measures=(Ref(kind="valid_time"), mine)
            ),
        ),
        data=DataPlan(trajectories=8, validation=4, steps=300),
    )
    ladder = gnomon.run(study, store="example-results", trust=True)
    print(ladder)
    for result in ladder.results:
        for score in result.scores:
            print(f"{result.case['learner']['kind']:<12} {score.measure:<12} {score.value.value}")
