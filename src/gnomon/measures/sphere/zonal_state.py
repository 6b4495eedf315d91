"""Does a free run have the right zonal means, from the ground to the stratosphere?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.sphere.fields import (
    LEVELS,
    against_mean,
    card_of,
    field,
    flat,
    has,
    living_in,
    living_rows,
    sphere,
)
from gnomon.measures.tables import each_unit, require_truth, runs_of, with_lost
from gnomon.spec.figures import section_curve
from gnomon.spec.results import Curve

KINDS = {"ta": "K", "ua": "m s-1", "hus": "g kg-1"}
LEAST = 0.1  # of a section's mean variance: no place counts as varying less


class ZonalState(AbstractMeasure):
    """Squared error of one run's zonal-mean sections of temperature, wind and humidity, in variances of the weather.

    d = mean over ta, ua, hus of the mean over levels and latitudes (area weights; every level alike) of ([m]_i -
    [M])^2 / s^2: [m]_i the zonal and time mean of unit i, [M] the truth's mean over units without its noise, s^2
    the variance in time of the truth's zonal mean there (at least a tenth of its mean over the section at that
    level). Levels that a world only shows (`shown` of its card: those it is known to hold badly) are drawn and not
    counted. As `mean_state`, and for the same reason unit by unit.

    What misleads: levels are counted alike, so a stratosphere that is graded has the weight of the troposphere,
    where a short run has not settled; zonal means vary little, so a bias that is small in kelvins can be many
    variances; below the ground the fields are continued.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "variances of the weather"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1175/BAMS-89-3-303"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, level, lat] mean and variance in time of every kind's zonal mean."""
        card, runs = evidence.card, runs_of(evidence, "free")
        levels = [p for p in LEVELS if any(has(runs, card, f"{k}{p}") for k in KINDS)]
        kinds = [k for k in KINDS if levels and all(has(runs, card, f"{k}{p}") for p in levels)]
        counted = {k: np.array([f"{k}{p}" not in card.shown for p in levels], float) for k in kinds}
        kinds = [k for k in kinds if counted[k].any()]
        if not kinds:
            raise CannotMeasure(
                f"{card.name} has no ta, ua or hus on the same pressure levels, or only shows them"
            )
        alive = living_in(runs, [f"{k}{p}" for k in kinds for p in levels])
        n = len(alive)
        table = {"alive": alive, "level": each_unit(np.array(levels), n)}
        table["weights"] = each_unit(sphere(card).weights, n)
        for kind in kinds:
            x = np.stack([field(runs, f"{kind}{p}").mean(axis=-1, dtype=float) for p in levels], axis=2)
            x = np.where(alive[:, None, None, None], x, 0.0)
            table[kind], table[f"{kind} variance"] = x.mean(axis=1), x.var(axis=1)
            table[f"{kind} counted"] = each_unit(counted[kind] / counted[kind].sum(), n)
        return table

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error of a single unit's sections."""
        require_truth(truth)
        alive = subject["alive"]
        kinds = [k for k in KINDS if k in truth]
        x, r = [], []
        for kind in kinds:
            area = truth[f"{kind} counted"][0][:, None] * truth["weights"][0]
            size = np.sqrt(area / len(kinds)) / spread(truth, kind)
            x.append(flat(subject[kind] * size))
            r.append(flat(truth[kind] * size))
        return with_lost(
            against_mean(np.concatenate(x, axis=1)[alive], np.concatenate(r, axis=1), alive), alive
        )

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Sections of the truth, the subject and their difference."""
        truth, subject = tables["truth"], tables["subject"]
        if not subject["alive"].any():
            return ()
        lat, out = sphere(card_of(evidence)).lat, []
        for kind, units in KINDS.items():
            if kind not in truth:
                continue
            scale = 1000.0 if kind == "hus" else 1.0
            shown = {"truth": scale * truth[kind].mean(axis=0)}
            shown["subject"] = scale * living_rows(subject, kind).mean(axis=0)
            shown["difference"] = shown["subject"] - shown["truth"]
            rms = np.sqrt(np.mean(shown["difference"] ** 2 @ truth["weights"][0]))
            out.append(
                section_curve(
                    f"section_{kind}",
                    f"Zonal mean of {kind}",
                    lat,
                    truth["level"][0],
                    shown,
                    units=units,
                    captions={"difference": f"rms {rms:.2g} {units}"},
                    hue="water" if kind == "hus" else "warmth",
                    note="difference: model minus truth, means over units",
                )
            )
        return tuple(out)


def spread(truth: UnitTable, kind: str) -> np.ndarray:
    """[level, lat] the truth's standard deviation in time of the zonal mean, with a floor at each level."""
    variance = truth[f"{kind} variance"].mean(axis=0)
    least = LEAST * (variance @ truth["weights"][0])[:, None]
    return np.sqrt(np.maximum(variance, np.maximum(least, 1e-30)))
