"""Is the response of the right strength?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.features import flat, normalised, response_table
from gnomon.measures.tables import declared, require_truth, with_lost
from gnomon.numerics.jackknife import (
    left_out_means,
    pair_mean,
    paired,
    pseudo_values,
    squared_error,
    standard_error,
)
from gnomon.spec.results import Curve

CERTAIN = 3.0  # standard errors by which the truth's response must exceed its noise
NO_SLOPE = "the true response cannot be told from noise, so there is no slope on it"


class ResponseAmplitude(AbstractMeasure):
    """Slope of the subject's response on the true one: 1 is the right strength, 0 no response.

    slope = X . R / (R . R), over all amplitudes and features in units of internal variability; R . R is corrected
    for noise (mean over pairs of different units), or noise would flatten every slope (a scaling factor as in Allen and
    Stott 2003, doi:10.1007/s00382-003-0313-9). d = (slope - 1)^2, corrected for the noise of the slope, in which both X
    and R are drawn anew by the jackknife; the number a unit is the pseudo-value.

    What misleads: the slope sees only the part of the response that looks like the true one; a large response in the
    wrong features goes unseen (`response_error` sees it). Where the true response cannot be told from noise there is
    no slope, and the measure says so.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.1007/s00382-003-0313-9"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Responses of each unit."""
        return response_table(evidence, declared(evidence, "amplitudes"))

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared distance of the slope from 1."""
        require_truth(truth)
        slopes = _drawn_slopes(truth, subject)
        return with_lost(squared_error(slopes[:, None], 1.0), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Each unit's slope; their mean is the slope of the mean response."""
        return with_lost(_slopes(truth, subject), subject["alive"], lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The slope at each amplitude."""
        truth = tables["truth"]
        true = normalised(truth, truth)
        series = []
        for role in present(tables, "subject", "floor", "null"):
            x = normalised(truth, tables[role])
            slope, twice = [], []
            for a in range(true.shape[1]):
                size = pair_mean(true[:, a])[0]
                b = x[:, a] @ true[:, a].mean(axis=0) / size if size > 0 else np.full(len(x), np.nan)
                mean, two = over_units(b, np.ones(len(b), bool))
                slope.append(float(mean))
                twice.append(float(two))
            series.append(
                line(NAMES[role], role, truth["offset"][0], np.array(slope), spread=np.array(twice))
            )
        return (
            Curve(
                name="amplitude",
                title="Strength of the response over the true one",
                kind="line",
                x_label="forcing (half of the training range)",
                y_label="slope on the true response",
                series=tuple(series),
                note="1 is right; band: two standard errors over units",
            ),
        )


def _slopes(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[living unit] slope of each unit's response on the truth's mean response."""
    true, size = _true_response(truth)
    return flat(normalised(truth, subject)) @ true.mean(axis=0) / size


def _drawn_slopes(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[living unit] pseudo-values of the slope of the mean response, with a unit of the truth beside each unit."""
    true, _ = _true_response(truth)
    alive = subject["alive"]
    if not paired(true, alive) or alive.sum() < 2:
        return _slopes(truth, subject)
    x, r = flat(normalised(truth, subject)), true[alive]
    size, sizes = pair_mean(r)
    if size <= 0 or (sizes <= 0).any():
        raise CannotMeasure(NO_SLOPE)
    slopes = np.sum(left_out_means(x) * left_out_means(r), axis=1) / sizes
    return pseudo_values(float(x.mean(axis=0) @ r.mean(axis=0)) / size, slopes)


def _true_response(truth: UnitTable) -> tuple[np.ndarray, float]:
    """[unit, feature] response of the truth, and its squared size without noise."""
    true = flat(normalised(truth, truth))
    size = pair_mean(true)[0]
    if not size > CERTAIN * standard_error(squared_error(true)):
        raise CannotMeasure(NO_SLOPE)
    return true, size
