"""Linear model: dynamic mode decomposition with delays, by ridge regression.

Schmid 2010, doi 10.1017/S0022112010001217.
"""

from typing import ClassVar

from jaxtyping import PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.nvar import fit_polynomials
from gnomon.numerics.patches import patches_of
from gnomon.training.search import check_budget


class Linear(AbstractLearner):
    """The next state is linear in the last states (weights shared by all sites) and in the knobs.

    Delays, neighbourhood and ridge strength are searched on free-run validation error.

    Attributes:
        budget: settings tried, ridge strengths counted one by one.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    needs_prior: ClassVar[bool] = False
    budget: int = 9

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Search, then keep the winner."""
        self.check()
        patches = patches_of(data)
        choices = (
            [(4, 6), (2, 6), (1, 6), (1, 12), (2, 12), (8, 3)]
            if patches.shape
            else [(4, 0), (1, 0), (2, 0), (8, 0)]
        )
        structures = [dict(delays=d, stages=1, degree=1, radius=0, reach=reach) for d, reach in choices]
        return fit_polynomials(
            data, patches, structures, {"ridge": (1e-8, 1e-5, 1e-2)}, self.budget, name="linear", key=key
        )

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        check_budget("linear", self.budget)
