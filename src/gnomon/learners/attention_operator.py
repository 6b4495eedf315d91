"""Attention operator: attention between all points of a field as an integral over space."""

from typing import ClassVar

import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.field_emulator import AbstractFieldNetwork, Plan, check_plan, fit_emulator
from gnomon.learners.integral_network import IntegralNetwork, new_integral_network
from gnomon.numerics.attention_integral import new_attention_integral
from gnomon.numerics.geometry import Geometry
from gnomon.spec.errors import BadSpec

STEPS = 1.5  # of the training grid: how wide a head looks at first
MOST = 5000  # points; the square of their number is held for every head and window


class AttentionOperator(AbstractLearner):
    r"""Attention as an operator: an integral over space with a kernel made by the field; it predicts the increment.

    .. math::
        v_{n+1} = \sigma\Big(W_n v_n + O_n \frac{\int e^{s_n(x, y)} V_n v_n(y) dy}{\int e^{s_n(x, y)} dy} + b_n\Big),
        \qquad s_n(x, y) = \frac{Q_n v_n(x) \cdot K_n v_n(y)}{\sqrt d} + \beta_n(y - x)

    The recipe for turning a transformer into a neural operator of Berner, Liu-Schiaffini, Kossaifi, Duruisseaux, Bonev,
    Azizzadenesheli and Anandkumar (2025), arXiv 2506.10973: sums of attention become integrals with the areas of the
    points for weights, and places enter as functions of space (`numerics.attention_integral`). The same weights on
    finer grids have a limit, reached here faster than any power of the step (`tests/learners/test_function_spaces.py`).

    Different from their code: blocks are those of `fourier_operator`, so that the two differ in the integral alone,
    where a transformer has residual blocks with normalisation and a network at each point; places are told by the way
    between two points and not by coordinates, so that on a homogeneous world it commutes with every shift; softmax
    over all points, no patches and no linear attention. Each head starts with a look at a place of its own near by.
    Frame and training are those of `fourier_operator`.

    What misleads: cost grows with the square of the number of points. Attention gives means with positive weights: a
    derivative is a difference of heads, and sharp ones take large numbers. That outputs converge does not make them
    better. On ring and plane all areas are equal and cancel, and any attention without patches whose places are
    functions of space converges; the weights matter on a sphere. Lengths are shares of the domain, as in
    `kernel_operator`.

    Attributes:
        budget: settings tried.
        width: channels in the blocks, a multiple of `heads`.
        depth: blocks.
        heads: of the attention.
        waves: of beta along each axis of a ring or plane; a sphere has one.
        delays: observations in the input.
        updates: of the weights in each setting, both phases together.
        batch: windows times sites in a minibatch; never fewer than four windows.
        unroll: steps in the second phase.
        positions: whether sites are told where they are: auto (where the world is not the same everywhere), on, off.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 3
    width: int = 32
    depth: int = 2
    heads: int = 4
    waves: int = 2
    delays: int = 1
    updates: int = 2400
    batch: int = 1024
    unroll: int = 4
    positions: str = "auto"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        return fit_emulator(Plan.of("attention_operator", self), self._start, data, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.width, self.depth, self.heads, self.waves) < 1:
            raise BadSpec("attention_operator: width, depth, heads and waves must be at least 1")
        if self.width % self.heads:
            raise BadSpec(f"attention_operator: width {self.width} is not a multiple of {self.heads} heads")
        check_plan(Plan.of("attention_operator", self))

    def _start(
        self, geometry: Geometry, inputs: int, outputs: int, rng: np.random.Generator
    ) -> AbstractFieldNetwork:
        if geometry.sites > MOST:
            raise BadSpec(
                f"attention_operator: every point looks at every other, for at most {MOST} points, got "
                f"{geometry.sites}; use kernel_operator or fourier_operator"
            )
        return new_attention_network(
            geometry, inputs, outputs, rng, width=self.width, depth=self.depth, heads=self.heads,
            waves=self.waves,
        )  # fmt: skip


def new_attention_network(
    geometry: Geometry,
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    width: int,
    depth: int,
    heads: int,
    waves: int,
) -> IntegralNetwork:
    """Untrained; its output is zero. Heads start with looks of `STEPS` steps of this geometry's longest axis."""
    look = min(STEPS / max(geometry.shape), 0.25)
    return new_integral_network(
        inputs, outputs, rng, width=width,
        integrals=tuple(
            new_attention_integral(geometry, width, width, rng, heads=heads, waves=waves, width=look)
            for _ in range(depth)
        ),
    )  # fmt: skip
