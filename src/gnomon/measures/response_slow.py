"""Does the state follow a slow cycle of the forcing, in strength and phase?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.features import control_table, features, flat, names, normalised, variability
from gnomon.measures.response_figures import unit_of
from gnomon.measures.tables import declared, living, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve


class ResponseSlow(AbstractMeasure):
    """Squared error of the response to one slow sine cycle of the forcing.

    Every feature f(t) of a unit is fitted by c + A cos(2 pi t / T) + B sin(2 pi t / T), T the period of the forcing, t
    since the start of the run. With (A, B) averaged over units and R the truth's, d = mean over features and the two
    coefficients of (X - R)^2 / (internal variance of the time mean), corrected for the noise of X and R (pairs of
    different units; Hoeffding 1948, doi:10.1214/aoms/1177730196; linear response as in Lucarini et al. 2017,
    doi:10.1007/s10955-016-1506-z). The number a unit is the pseudo-value.

    What misleads: one cycle knows no harmonics, so a response that saturates within the cycle is seen only through its
    first; a wrong phase and a wrong strength of the same size cost the same (the figure tells them apart).
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "internal variances"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.1007/s10955-016-1506-z"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, 2, feature] cosine and sine coefficients."""
        card, runs = evidence.card, runs_of(evidence, "slow")
        centre, table = control_table(evidence, len(runs.diverged))
        phase = 2 * np.pi * np.asarray(runs.time, float) / float(declared(evidence, "slow")["period"])
        basis = np.stack([np.ones_like(phase), np.cos(phase), np.sin(phase)], axis=1)
        fit = np.linalg.pinv(basis)
        f = features(card, runs, centre)
        cycle = np.einsum("ct,utf->ucf", fit[1:], f)
        return {
            "cycle": cycle,
            "variability": table["variability"],
            "least": table["least"],
            "alive": living(runs) & table["alive"],
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error."""
        require_truth(truth)
        x, true = (flat(normalised(truth, table, "cycle")) for table in (subject, truth))
        return with_lost(paired_error(x, true, subject["alive"]), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The fitted cycle of the two features that follow most."""
        truth = tables["truth"]
        size = np.abs(truth["cycle"].mean(axis=0)).max(axis=0) / np.sqrt(variability(truth))
        turn = np.linspace(0, 1, 61)
        basis = np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)])
        out = []
        for place, i in enumerate(np.argsort(-size, kind="stable")[:2]):
            name = names(evidence["truth"].card)[i]
            series = []
            for role in present(tables, "truth", "subject", "null"):
                course = tables[role]["cycle"][:, :, i] @ basis
                mean, twice = over_units(course, tables[role]["alive"])
                series.append(line(NAMES[role], role, turn, mean, spread=twice))
            out.append(
                Curve(
                    name=f"cycle_{place}",
                    title=f"The {name} through the cycle",
                    kind="line",
                    x_label="time (periods of the forcing)",
                    y_label=f"fitted change ({unit_of(name)})",
                    series=tuple(series),
                    note="band: two standard errors over units",
                )
            )
        return tuple(out)
