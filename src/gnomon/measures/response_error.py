"""Does the mean state follow a forcing?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.features import flat, normalised, response_table
from gnomon.measures.response_figures import saturation
from gnomon.measures.tables import declared, require_truth, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve


class ResponseError(AbstractMeasure):
    """Squared error of the forced response, over all amplitudes of a steady forcing.

    X(a) = mean over units of (time mean of the features under forcing a - time mean in the control). With R the truth's
    X, d = mean over amplitudes and features of (X - R)^2 / (internal variance of the time mean), corrected for the
    noise of X and R: the mean over pairs of units i != j of (x_i - r_i)(x_j - r_j), r_i the truth's unit beside x_i
    (Hoeffding 1948, doi:10.1214/aoms/1177730196; responses as in Lucarini et al. 2017, doi:10.1007/s10955-016-1506-z).
    The number a unit is the pseudo-value, which can be negative.

    What misleads: the largest amplitude and the most responsive features decide; the internal variance is itself
    estimated from the truth's units, and taken as exact; a model whose control climate is wrong can still respond
    rightly, and `climate` must tell.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "internal variances"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.1007/s10955-016-1506-z"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Responses of each unit."""
        return response_table(evidence, declared(evidence, "amplitudes"))

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error."""
        require_truth(truth)
        x, true = flat(normalised(truth, subject)), flat(normalised(truth, truth))
        return with_lost(paired_error(x, true, subject["alive"]), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Saturation curves of the features that respond most."""
        return tuple(saturation(tables, evidence["truth"].card, "forcing (half of the training range)"))
