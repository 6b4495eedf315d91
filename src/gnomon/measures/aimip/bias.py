"""E1: is the mean climate right?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.aimip.criterion import AbstractCriterion, table_of
from gnomon.measures.aimip.drawing import figures
from gnomon.measures.aimip.yearly import annual, chosen, free_runs, shown_years
from gnomon.measures.sphere.steady import grid_of
from gnomon.measures.tables import declared
from gnomon.spec.results import Curve

VARIABLES = ("tas", "pr", "psl", "zg500", "ta850", "ta500", "ua250", "huss")


class Bias(AbstractCriterion):
    """Criterion E1 of AIMIP Phase 1: the map of the bias of the time mean.

    Bias(x) = mean over years of (model - reference); RMSB = sqrt(<Bias^2>), < > the area mean over |lat| <= 87.5.
    The number is <Bias^2> over <variance of the reference's mean season about its annual mean>, averaged over
    variables and corrected for the noise of the mean; RMSB itself, uncorrected as AIMIP shows it, is in the figure,
    in K, mm/day …. A unit is a block of years (see `yearly.blocks_of`), the same calendar years of both, members
    averaged.

    The null keeps each year's first month for ever (`frozen`): what is no better does not know that a year has
    seasons.

    What misleads: every model of today leaves that null far behind, so a fidelity of 0.95 can be a poor climate,
    and only the distance from the floor tells; a mean can be right by two wrongs, season against season.

    Attributes:
        variables: which, as far as both sets of files hold them.
        first: year; AIMIP trains on 1979-2014 and tests on 2015-2024.
        last: year.
        block: years a unit; 0 to choose.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "seasonal variances"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.48550/arXiv.2605.06944"
    scale_key: ClassVar[str] = "size"
    what: ClassVar[str] = "mean"
    per: ClassVar[str] = ""

    variables: tuple[str, ...] = VARIABLES
    first: int = 1979
    last: int = 2014
    block: int = 0

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Annual means, and the variance of the mean season about the mean year."""
        runs = free_runs(evidence)
        places = shown_years(evidence, "free", self.first, self.last)
        sums, sizes = {}, {}
        for name in chosen(runs, self.variables):
            got = annual(runs.obs[name], places)
            sums[name] = got.yearly
            sizes[name] = got.season.var(axis=0)
        years = np.asarray(declared(evidence, "years")["free"])[places]
        return table_of(grid_of(evidence), sums, np.ones(len(places)), years, block=self.block, scales=sizes)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Root-mean-square errors of every variable in its own units, and maps."""
        return figures(tables, evidence["truth"].card, what=self.what, per=self.per)
