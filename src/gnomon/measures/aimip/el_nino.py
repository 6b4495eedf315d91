"""E3: does the atmosphere follow El Nino?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.aimip.bias import VARIABLES
from gnomon.measures.aimip.criterion import AbstractCriterion, table_of
from gnomon.measures.aimip.drawing import figures
from gnomon.measures.aimip.yearly import chosen, free_runs, shown_years, year_sums
from gnomon.measures.sphere.steady import grid_of
from gnomon.measures.tables import declared
from gnomon.spec.results import Curve


class ElNino(AbstractCriterion):
    """Criterion E3 of AIMIP Phase 1: the regression of every field on an index of El Nino.

    b(x) = sum I' X' / sum I'^2 over months, I' the Nino 3.4 index (three-month means, less the mean of each
    calendar month), X' the field less its mean season. The number is <(b - b_reference)^2> over the mean square of
    the reference's b from single blocks of years, averaged over variables and corrected for the noise of both. The
    index is that of the reference's sea surface, which both ran over. A unit is a block of years; the null does not
    respond (`no_response`).

    AIMIP's paper leaves the season in X and removes only its mean (`deseasonalise=False`): right as far as the
    index is uncorrelated with the calendar, which no record of finite length is.

    What misleads: a warming trend in index and field counts as response; one strong event can decide.

    Attributes:
        variables: which, as far as both sets of files hold them.
        first: year.
        last: year.
        block: years a unit; 0 to choose.
        deseasonalise: whether the mean season of field and index is taken away, or only their means.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "squared responses"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2605.06944"
    scale_key: ClassVar[str] = ""
    what: ClassVar[str] = "response to El Nino"
    per: ClassVar[str] = " / K"

    variables: tuple[str, ...] = VARIABLES
    first: int = 1979
    last: int = 2024
    block: int = 0
    deseasonalise: bool = True

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Products of index and field, months summed."""
        runs = free_runs(evidence, without="no El Nino")
        places = shown_years(evidence, "free", self.first, self.last)
        years = np.asarray(declared(evidence, "years")["free"], int)[places]
        index = index_of(evidence, years)
        index = index - (index.mean(axis=0) if self.deseasonalise else index.mean())
        sums = {}
        for name in chosen(runs, self.variables):
            got = year_sums(runs.obs[name], places, index)
            season = (
                got.season
                if self.deseasonalise
                else np.broadcast_to(got.season.mean(axis=0), got.season.shape)
            )
            sums[name] = got.yearly - np.einsum("ul,lij->uij", index, season)
        return table_of(grid_of(evidence), sums, (index**2).sum(axis=1), years, block=self.block)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Root-mean-square errors of every variable in its own units, and maps."""
        return figures(tables, evidence["truth"].card, what=self.what, per=self.per)


def index_of(evidence: Evidence, years: np.ndarray) -> np.ndarray:
    """[year, month] the declared index.

    Raises:
        CannotMeasure: where there is none, or none of those years.
    """
    index = declared(evidence, "index")
    if isinstance(index, str):
        raise CannotMeasure(index)
    held = {int(y): row for y, row in zip(index["years"], index["values"], strict=True)}
    missing = [int(y) for y in years if int(y) not in held]
    if missing:
        raise CannotMeasure(f"the index of El Nino does not reach the years {missing[0]}-{missing[-1]}")
    return np.array([held[int(y)] for y in years], float)
