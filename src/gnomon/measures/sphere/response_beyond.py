"""Does the mean state follow a forcing stronger than training saw?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.features import flat, normalised, response_table
from gnomon.measures.response_figures import saturation
from gnomon.measures.tables import declared, require_truth, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve


class ResponseBeyond(AbstractMeasure):
    """Squared error of the response to amplitudes of a familiar pattern outside the training range.

    As `response_error`, over the amplitudes that the trial declares as `beyond`: d = mean over them and over
    features of (X - R)^2 over the internal variance of the time mean, corrected for the noise of both by pairs of
    different units (Hoeffding 1948, doi:10.1214/aoms/1177730196; the question of Chen et al. 2026,
    doi:10.48550/arXiv.2602.11313).

    What misleads: a model that is wrong inside the range is wrong here too, and this number does not subtract that;
    beside `response_error` it tells how much worse the step outside is.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "internal variances"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2602.11313"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Responses of each unit."""
        beyond = declared(evidence, "beyond")
        if not beyond:
            raise CannotMeasure("every amplitude of this trial lies inside the training range")
        return response_table(evidence, beyond)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error."""
        require_truth(truth)
        x, true = flat(normalised(truth, subject)), flat(normalised(truth, truth))
        return with_lost(paired_error(x, true, subject["alive"]), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Responses of the features that respond most."""
        return tuple(saturation(tables, evidence["truth"].card, "forcing (half of the training range)"))
