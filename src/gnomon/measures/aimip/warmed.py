"""E5: how does the climate change over a sea that is 2 K or 4 K warmer?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Unsupported
from gnomon.measures.aimip.criterion import AbstractCriterion, table_of
from gnomon.measures.aimip.drawing import figures
from gnomon.measures.aimip.yearly import annual, shown_years
from gnomon.measures.sphere.steady import grid_of
from gnomon.measures.tables import declared, runs_of
from gnomon.spec.results import Curve

VARIABLES = ("tas", "pr", "huss", "ta850", "ta500", "ts", "zg500")


class Warmed(AbstractCriterion):
    """Criterion E5 of AIMIP Phase 1: the change of the time mean under a uniform warming of the sea surface.

    R(x) = mean over years of (warmed run - baseline of the same model and year). The number is <(R -
    R_reference)^2> over the mean square of the reference's R from single blocks of years, averaged over variables
    and warmings (those that both sets of files hold) and corrected for the noise of both. A unit is a block of
    years; the null does not respond (`no_response`).

    What misleads: the reference is itself a model (AIMIP takes GFDL-CM4), so 1 is agreement with it, not truth; it
    may warm other cells (open sea only, or everything); tropical heights and humidity decide.

    Attributes:
        variables: which, as far as both sets of files hold them.
        first: year.
        last: year.
        block: years a unit; 0 to choose.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "squared responses"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2605.06944"
    scale_key: ClassVar[str] = ""
    what: ClassVar[str] = "response"
    per: ClassVar[str] = ""

    variables: tuple[str, ...] = VARIABLES
    first: int = 1979
    last: int = 2024
    block: int = 0

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Annual means of each warmed run less those of the baseline."""
        control = runs_of(evidence, "control")
        offsets = declared(evidence, "offsets")
        labels = [k for k in sorted(offsets, key=offsets.get) if k in evidence.runs]
        runs = {k: evidence.runs[k] for k in labels}
        forced = {k: r for k, r in runs.items() if not isinstance(r, Unsupported)}
        if not forced:
            reasons = "; ".join(r.reason for r in runs.values() if isinstance(r, Unsupported))
            raise CannotMeasure(reasons or "no warmed experiment")
        places = {k: shown_years(evidence, k, self.first, self.last) for k in ("control", *forced)}
        held = declared(evidence, "years")
        years = {k: np.asarray(held[k], int)[p] for k, p in places.items()}
        if any(not np.array_equal(y, years["control"]) for y in years.values()):
            raise CannotMeasure("baseline and warmed runs are not of the same years")
        names = [n for n in self.variables if all(n in r.obs for r in (control, *forced.values()))]
        if not names:
            raise CannotMeasure(f"baseline and warmed runs share none of {', '.join(self.variables)}")
        sums = {}
        for name in names:
            base = annual(control.obs[name], places["control"]).yearly
            for label, r in forced.items():
                key = name if len(forced) == 1 else f"{name} {offsets[label]:+g} K"
                sums[key] = annual(r.obs[name], places[label]).yearly - base
        weights = np.ones(len(years["control"]))
        return table_of(grid_of(evidence), sums, weights, years["control"], block=self.block)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Root-mean-square errors of every variable in its own units, and maps."""
        return figures(tables, evidence["truth"].card, what=self.what, per=self.per)
