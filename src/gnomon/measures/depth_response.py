"""Does an inferred depth change as the true one does when a knob moves things?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.depth_response_pairs import listed, mean_over, misses, moved, pairs_table, products
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.tables import require_truth
from gnomon.numerics.jackknife import left_out_means, pseudo_values, standard_error
from gnomon.spec.results import Curve

STILL = "no knob changes the true depth, so there is no response to follow"


class DepthResponse(AbstractMeasure):
    """Error of the change of ln depth between two pictures of a scene, over knobs that change the true depth.

    Each knob in turn is held at two values inside its training range, all else alike, noise included. A network is
    asked as van Dijk and de Croon (2019, doi:10.1109/ICCV.2019.00227) ask: move one thing, and see whether the depth
    follows. For each pixel judged in both pictures R = ln d_2 - ln d_1 of the truth and r the same of the model; the
    number a scene is the mean over knobs of the mean over pixels of |r - R|: 0.1 is about a tenth of the depth. Only
    knobs under which the truth moves count (a thousandth in the mean): under all others no response is right, and a map
    that never changes would be praised for it; `depth_invariance` asks those. The null, no response, misses |R| whole.

    What misleads: a change holds the errors of two maps, so a good map that blurs every edge may lie below the null
    where R is small; the slope in the second figure says whether it moved the right way. A knob with a large R (the
    size of everything) weighs more than one with a small one; the figure tells them apart. The size of everything can
    be told only by textures, air and how a lamp fades. Pixels that are sky in one of the pictures are not judged, so
    what appears before the sky is not seen here. The floor is 0: a twin has the same depth to the last bit.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.1109/ICCV.2019.00227"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Logarithms of both maps of every pair."""
        return pairs_table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """[unit] mean error of the change."""
        return mean_over(misses(truth, subject), _moving(truth), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The error knob by knob, and the slope of the model's change on the true one."""
        truth = tables["truth"]
        which = _moving(truth)
        knobs, at = listed(evidence["truth"], which), np.arange(which.sum())
        bars = []
        for role in present(tables, "subject", "null"):
            found = misses(truth, tables[role])[:, which]
            mean, twice = over_units(found, np.ones(len(found), bool))
            bars.append(line(NAMES[role], role, at, mean, spread=twice))
        slope, twice = _slopes(*(x[:, which] for x in products(truth, tables["subject"])))
        return (
            Curve(
                name="response_by_knob", title="Error of the change of depth, knob by knob", kind="bars",
                x_label="knob (listed below)", y_label="mean |change of ln depth - true change|", series=tuple(bars),
                note=f"{knobs}; bars: two standard errors over scenes",
            ),
            Curve(
                name="slope_by_knob", title="Change of depth over the true change, knob by knob", kind="bars",
                x_label="knob (listed below)", y_label="slope on the true change of ln depth",
                series=(line(NAMES["subject"], "subject", at, slope, spread=twice),),
                note=f"{knobs}; 1 follows the truth, 0 never responds; bars: two standard errors over scenes",
            ),
        )  # fmt: skip


def _moving(truth: UnitTable) -> np.ndarray:
    require_truth(truth)
    which = moved(truth)
    if not which.any():
        raise CannotMeasure(STILL)
    return which


def _slopes(both: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[pair] least-squares slope through zero over pixels and scenes, and twice its standard error by the jackknife."""
    if not len(both):
        gap = np.full(both.shape[1], np.nan)
        return gap, gap
    # A knob may move nothing in the few scenes that live, though it moves something in others.
    whole = _over(both.mean(axis=0), squares.mean(axis=0))
    each = _over(left_out_means(both), left_out_means(squares))
    twice = [2 * standard_error(pseudo_values(w, e)) for w, e in zip(whole, each.T, strict=True)]
    return whole, np.asarray(twice if len(both) > 1 else np.full(len(whole), np.nan))


def _over(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.divide(upper, lower, out=np.full(np.shape(lower), np.nan), where=lower > 0)
