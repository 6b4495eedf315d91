"""Kernel operator: a convolutional network whose kernels have a size in space and not a number of points."""

from typing import ClassVar

import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.field_emulator import AbstractFieldNetwork, Plan, check_plan, fit_emulator
from gnomon.learners.integral_network import IntegralNetwork, new_integral_network
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.local_integral import new_local_integral
from gnomon.spec.errors import BadSpec

STEPS = 4.0  # of the training grid to each side, where no reach is stated


class KernelOperator(AbstractLearner):
    r"""Convolution as an operator: integrals against local kernels of fixed size; it predicts the increment of a step.

    .. math::
        v_{n+1} = \sigma\Big(W_n v_n + \int \kappa_n(y - x)\, v_n(y)\, dy + b_n\Big), \qquad
        \kappa_n(r) = \sum_b \theta_{n,b}\, \varphi_b(r), \quad \varphi_b \text{ a bump within } |r| \le \text{reach}

    The recipe for turning a convolutional network into a neural operator of Berner, Liu-Schiaffini, Kossaifi,
    Duruisseaux, Bonev, Azizzadenesheli and Anandkumar (2025), arXiv 2506.10973: keep the kernel as a function of
    distance in space, and let the grid be a quadrature of the integral (`numerics.local_integral`). The same weights on
    finer grids then have a limit, reached here at fourth order; the limit of a network of 3-point stencils, such as
    `unet`, sees each point by itself (both are in `tests/learners/test_function_spaces.py`).

    Different from their code: blocks are those of `fourier_operator`, so that the two differ in the integral alone,
    where they convert a U-Net or add the local integral to a Fourier layer; kernels are sums of cubic B-splines where
    they interpolate learnt values linearly; nothing is divided by the grid's step (their differential kernels).
    Frame and training are those of `fourier_operator`.

    What misleads: that outputs converge does not make them better; on the grid of the training it is a convolutional
    network of 7 points. It was trained to undo that grid's errors too, and a finer one has others. Waves that the
    bumps do not resolve reach it at each point only. Kernels are sized by shares of the domain: on a larger domain of
    the same equation they grow along, and must be made anew. A reach of few steps of a grid is a poor quadrature there.

    Attributes:
        budget: settings tried.
        width: channels in the blocks.
        depth: blocks.
        reach: of a kernel to each side, as a share of each axis of the domain (of a great circle on a sphere), below
            one half; 0 for four steps of the training grid, from then on as that share.
        bumps: along each axis of a kernel.
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
    width: int = 16
    depth: int = 4
    reach: float = 0.0
    bumps: int = 5
    delays: int = 1
    updates: int = 2400
    batch: int = 1024
    unroll: int = 4
    positions: str = "auto"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        return fit_emulator(Plan.of("kernel_operator", self), self._start, data, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.width, self.depth, self.bumps) < 1 or not 0.0 <= self.reach <= 0.5:
            raise BadSpec(
                "kernel_operator: width, depth and bumps must be at least 1, reach between 0 and 0.5 of the domain"
            )
        check_plan(Plan.of("kernel_operator", self))

    def _start(
        self, geometry: Geometry, inputs: int, outputs: int, rng: np.random.Generator
    ) -> AbstractFieldNetwork:
        return new_kernel_network(
            geometry, inputs, outputs, rng, width=self.width, depth=self.depth, reach=self.reach,
            bumps=self.bumps,
        )  # fmt: skip


def new_kernel_network(
    geometry: Geometry,
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    width: int,
    depth: int,
    reach: float,
    bumps: int,
) -> IntegralNetwork:
    """Untrained; its output is zero. A reach of 0 is that of `STEPS` steps of this geometry."""
    wide = (reach,) * len(geometry.shape) if reach else reach_of_steps(geometry, STEPS)
    return new_integral_network(
        inputs, outputs, rng, width=width,
        integrals=tuple(new_local_integral(wide, bumps, width, width, rng) for _ in range(depth)),
    )  # fmt: skip


def reach_of_steps(geometry: Geometry, steps: float) -> tuple[float, ...]:
    """So many steps of a grid along each axis as shares of it, at most half; rows of a sphere are half a circle."""
    whole = [
        n * (2 if geometry.kind == "sphere" and axis == 0 else 1) for axis, n in enumerate(geometry.shape)
    ]
    return tuple(min(steps / n, 0.5) for n in whole)
