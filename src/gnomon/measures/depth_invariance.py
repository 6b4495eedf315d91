"""Does an inferred depth stay where it is when only the look of a scene changes?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.depth_response_pairs import listed, mean_over, misses, moved, own_errors, pairs_table
from gnomon.measures.drawing import NAMES, line, over_units
from gnomon.measures.tables import require_truth
from gnomon.spec.results import Curve

ALL_MOVE = "every knob changes the true depth, so there is none under which depth must stay"


class DepthInvariance(AbstractMeasure):
    """Change of ln depth between two pictures of a scene, over knobs that leave the true depth as it is.

    Each knob in turn is held at two values inside its training range, all else alike; light, texture, noise and haze
    change the picture and not what stands there. Stability under changes that mean nothing is asked as Hendrycks and
    Dietterich ask it of classifiers (2019, doi:10.48550/arXiv.1903.12261), here of a map: the number a scene is the
    mean over knobs of the mean over pixels of |r - R|, r = ln d_2 - ln d_1 of the model and R the same of the truth, in
    the mean below a thousandth (else `depth_response` asks). 0 is best, and exact for a twin; 0.1 is about a tenth of
    the depth. It has no null: whoever never responds is perfect here, and a score against him would say nothing.

    What misleads: to stay is not to be right: a mean map has 0. A change may be a cure, where one of the pictures is
    harder (noise, thick air) and its map worse; the figure's words give each change as a share of the model's own error
    on the same pictures. The mean over knobs hides which one it is.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.48550/arXiv.1903.12261"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Logarithms of both maps of every pair."""
        return pairs_table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """[unit] mean change that should not be."""
        return mean_over(misses(truth, subject), _still(truth), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The change knob by knob."""
        truth, subject = tables["truth"], tables["subject"]
        which = _still(truth)
        found, own = (f(truth, subject)[:, which] for f in (misses, own_errors))
        mean, twice = over_units(found, np.ones(len(found), bool))
        words = [listed(evidence["truth"], which), "bars: two standard errors over scenes"]
        if len(own) and (own.mean(axis=0) > 0).all():
            shares = ", ".join(f"{n}: {x:.2g}" for n, x in enumerate(mean / own.mean(axis=0)))
            words.append(f"over the model's own error on the same pictures: {shares}")
        bars = line(NAMES["subject"], "subject", np.arange(which.sum()), mean, spread=twice)
        return (
            Curve(
                name="invariance_by_knob", title="Change of depth where the truth has none, knob by knob", kind="bars",
                x_label="knob (listed below)", y_label="mean |change of ln depth|", series=(bars,),
                note="; ".join(words),
            ),
        )  # fmt: skip


def _still(truth: UnitTable) -> np.ndarray:
    require_truth(truth)
    which = ~moved(truth)
    if not which.any():
        raise CannotMeasure(ALL_MOVE)
    return which
