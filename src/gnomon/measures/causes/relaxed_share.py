"""Which part of the world, drawn towards the truth, takes the error out of the rest?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.inference.attribution import Attribution, Candidate, attribute, in_words, pseudo_shares
from gnomon.measures.causes.relaxed import (
    NOT_ATTRIBUTABLE,
    SEED,
    against_twin,
    relaxations,
    relaxed_runs,
    sentence,
    shares_figure,
    summed,
)
from gnomon.measures.tables import each_unit, kept, with_lost
from gnomon.numerics.part_masks import EVERYWHERE, mask_of
from gnomon.spec.relaxation import Part
from gnomon.spec.results import Curve

TOLD = "relaxing {name} towards the truth removes {share} of the error elsewhere"


class RelaxedShare(AbstractMeasure):
    """Share of the error elsewhere that is removed when one part of the run is relaxed towards the truth.

    e(P) = mean over the forecast, all variables and all places *outside* part P of (error / scale)^2 in the run
    relaxed in P, e(0, P) the same places in the run relaxed nowhere; t(P) and t(0, P) the same of a twin, the world
    itself from within the observation error. Then

        share of P = mean over units of [(e(0, P) - t(0, P)) - (e(P) - t(P))] / mean of [e(0, P) - t(0, P)]

    where each unit's errors are first divided by its own e(0) + t(0) over all places: errors of forecasts differ by
    orders of magnitude from start to start, and so every start counts alike. Nowhere gives 0 by definition;
    everywhere (all places) must give more than a half, or the relaxation is too weak to ask anything. A part is named
    by the rule of `inference.attribution`. After the relaxation experiments of Klinker (1990, Quarterly Journal of the
    Royal Meteorological Society 116, 573) and of Jung, Miller and Palmer (2010, Monthly Weather Review 138, 2434). The
    discrepancy is e(0) over all places, the value the named part's share in per cent.

    What misleads: error that only passes through a part is removed there too, so parts beside the cause have shares of
    their own, and beyond a Lyapunov time everything spreads everywhere; that is why a part must clearly lead. A cause
    that no part of observation space contains (a wrong global constant) belongs to no part and is not attributable.
    What misses in the unobserved state is removed by nothing.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "%"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = (
        "defined here, after the relaxation experiments of Klinker 1990 and Jung et al. 2010"
    )

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Errors within the relaxed run's own outside, and the same places in the run relaxed nowhere."""
        card = evidence.card
        nowhere, everywhere, parts = _labels(evidence)
        base = relaxed_runs(evidence, nowhere)
        alive = kept(base)
        one = mask_of(card, EVERYWHERE)
        table = {
            "nowhere": summed(card, base, one),
            "everywhere": summed(card, relaxed_runs(evidence, everywhere), one),
        }
        for i, (label, part) in enumerate(parts):
            outside = {k: ~v for k, v in mask_of(card, part).items()}
            runs = relaxed_runs(evidence, label)
            table[f"with {i}"], table[f"without {i}"] = (
                summed(card, runs, outside),
                summed(card, base, outside),
            )
            alive &= kept(runs)
        table["alive"] = alive & np.isfinite(np.stack(list(table.values()))).all(axis=0)
        table["names"] = each_unit(np.array([p.name for _, p in parts]), len(alive))
        table["axes"] = each_unit(np.array([p.axis or "variables" for _, p in parts]), len(alive))
        return table

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The subject's squared error where it is relaxed nowhere."""
        alive = subject["alive"]
        return with_lost(subject["nowhere"][alive], alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the named part's share, in per cent; NaN where nothing is attributable."""
        candidates, found, _ = _found(truth, subject)
        if found.named is None:
            return np.full(len(subject["alive"]), np.nan)
        return 100 * pseudo_shares(candidates[found.named])

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Shares of all parts, and the answer in words."""
        candidates, found, whole = _found(tables["truth"], tables["subject"])
        names = [c.name for c in candidates]
        said = sentence(found, names, TOLD)
        if not said.startswith(NOT_ATTRIBUTABLE):
            said += f"; relaxing everything removes {in_words(whole.shares[0])}"
        return (shares_figure("relaxed", "Error removed by relaxing a part", found, names, said),)


def _labels(evidence: Evidence) -> tuple[str, str, list[tuple[str, Part]]]:
    """Labels of the runs relaxed nowhere and everywhere, and of those relaxed in a part."""
    nowhere = everywhere = None
    parts = []
    for label, how in relaxations(evidence).items():
        if how.told:
            continue  # the record of single steps
        if how.part is None:
            nowhere = label
        elif how.part == EVERYWHERE:
            everywhere = label
        else:
            parts.append((label, how.part))
    if nowhere is None or everywhere is None or not parts:
        raise CannotMeasure(f"{evidence.card.name} has no parts of which one could be relaxed")
    return nowhere, everywhere, parts


def _found(truth: UnitTable, subject: UnitTable) -> tuple[list[Candidate], Attribution, Attribution]:
    """The candidates, what can be said of them, and of relaxing everything."""
    alive = subject["alive"] & truth["alive"]

    own = against_twin(subject["nowhere"], truth["nowhere"])

    def beyond(key: str) -> np.ndarray:
        return np.where(alive, (subject[key] - truth[key]) / own, np.nan)

    names, axes = subject["names"][0], subject["axes"][0]
    candidates = [
        Candidate(
            str(name),
            beyond(f"without {i}") - beyond(f"with {i}"),
            beyond(f"without {i}"),
            division=str(axis),
        )
        for i, (name, axis) in enumerate(zip(names, axes, strict=True))
    ]
    whole = attribute(
        [Candidate("everything", beyond("nowhere") - beyond("everywhere"), beyond("nowhere"))], seed=SEED
    )
    found = attribute(candidates, seed=SEED)
    if found.named is not None and whole.named is None:
        found = found._replace(named=None, reason=f"relaxing everything removes {in_words(whole.shares[0])}")
    return candidates, found, whole
