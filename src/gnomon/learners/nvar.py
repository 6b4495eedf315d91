"""Next-generation reservoir: ridge regression on polynomials of delayed states and knobs.

Gauthier et al. 2021, doi 10.1038/s41467-021-25801-2; weights shared by all sites as in
Barbosa and Gauthier 2022, doi 10.1063/5.0098707; composed in stages (see `numerics.cascade`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.cascade import Cascade
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.cascade_search import Rows, search_cascades
from gnomon.training.sampling import Sample, learned_card
from gnomon.training.search import Setting, check_budget

Window = Float[Array, "delay site channel"]


class PolynomialSimulator(AbstractSimulator[Window]):
    """z(t + dt) = z(t) + cascade(z(t), z(t - dt), …, knobs(t)) at every site, in standardised units."""

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    cascade: Cascade

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Window:
        """The last observations themselves are the state."""
        return self.patches.encode(history)

    def advance(self, state: Window, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Window:
        """One step; the oldest state leaves the window."""
        new = state[-1] + self.cascade(self.patches, state, forcing.at(time))
        return jnp.concatenate([state[1:], new[None]])

    def observe(self, state: Window) -> Obs:
        """The newest state of the window, in its own units."""
        return self.patches.decode(state[-1])


class Nvar(AbstractLearner):
    """Polynomials of delayed states and knobs by ridge regression, weights shared by all sites.

    Delays, stages, radius, reach, degree and ridge strength are searched on free-run validation error.

    Attributes:
        budget: settings tried, ridge strengths counted one by one.
        most_stages: stages in the search at most; 1 is the plain next-generation reservoir.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 9
    most_stages: int = 3

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Search, then keep the winner."""
        self.check()
        patches = patches_of(data)
        if patches.shape:
            rows = [
                (2, 3, 2, 2, 8), (1, 3, 2, 3, 8), (2, 2, 2, 2, 8), (2, 2, 2, 2, 4), (2, 1, 2, 3, 8), (1, 1, 3, 3, 6),
            ]  # fmt: skip
        else:
            rows = [
                (
                    1,
                    3,
                    2,
                    0,
                    0,
                ),  # no delays: on clean data delayed states are collinear, and their loops explode
                (2, 2, 2, 0, 0),
                (3, 2, 2, 0, 0),
                (2, 1, 3, 0, 0),
                (2, 1, 2, 0, 0),
                (1, 1, 4, 0, 0),
            ]
        names = ("delays", "stages", "degree", "radius", "reach")
        structures: list[Setting] = [
            dict(zip(names, row, strict=True)) for row in rows if row[1] <= self.most_stages
        ]
        return fit_polynomials(
            data, patches, structures, {"ridge": (1e-8, 1e-6, 1e-4)}, self.budget, name="nvar", key=key
        )

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.most_stages < 1:
            raise BadSpec(f"nvar: most_stages must be at least 1, got {self.most_stages}")
        check_budget("nvar", self.budget)


def fit_polynomials(
    data: Data,
    patches: Patches,
    structures: Sequence[Setting],
    cheap: Mapping[str, Sequence[Any]],
    budget: int,
    *,
    name: str,
    key: PRNGKeyArray,
) -> Fit:
    """Search structures and ridge strengths of a polynomial simulator."""

    def rows_of(sample: Sample) -> Rows:
        window, following = encode(patches, sample.history, sample.following)
        return Rows(window, sample.knobs, np.asarray(following - window[:, -1]))

    def simulator_of(setting: Setting, cascade: Cascade) -> PolynomialSimulator:
        return PolynomialSimulator(
            card=learned_card(name, data, context=setting["delays"]), patches=patches, cascade=cascade
        )

    return search_cascades(data, patches, structures, cheap, budget, rows_of, simulator_of, key=key)


@eqx.filter_jit
def encode(patches: Patches, history: Obs, following: Obs) -> tuple[Array, Array]:
    """[row, delay, site, channel] and [row, site, channel], standardised."""
    return patches.encode(history), patches.encode(following)
