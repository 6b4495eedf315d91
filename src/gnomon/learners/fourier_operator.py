"""Fourier neural operator: convolutions over all waves of a ring, a periodic plane or a sphere."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.field_emulator import AbstractFieldNetwork, Plan, check_plan, drawn_layer, fit_emulator
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.spectral_convolution import SpectralConvolution, new_convolution
from gnomon.spec.errors import BadSpec

MODES = {"ring": 24, "plane": 12, "sphere": 24}


class Linear(eqx.Module):
    """A linear map at every site."""

    weights: Float[Array, "input output"]
    bias: Float[Array, " output"]

    def __call__(self, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site."""
        return x @ self.weights + self.bias


class FourierNetwork(AbstractFieldNetwork):
    """out(gelu(middle(v))); v = lift(x), then v <- gelu(W v + K v) in every block, without gelu in the last."""

    lift: Linear
    pointwise: tuple[Linear, ...]
    waves: tuple[SpectralConvolution, ...]
    middle: Linear
    out: Linear

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site."""
        v = self.lift(x)
        last = len(self.waves) - 1
        for n, (local, wave) in enumerate(zip(self.pointwise, self.waves, strict=True)):
            v = local(v) + wave(geometry, v)
            v = v if n == last else jax.nn.gelu(v)
        return self.out(jax.nn.gelu(self.middle(v)))


class FourierOperator(AbstractLearner):
    r"""A Fourier neural operator that predicts the increment over one step; on the sphere a spherical one.

    .. math::
        v_0 = P x, \quad v_{n+1} = \sigma\big(W_n v_n + \mathcal F^{-1}(R_n \cdot \mathcal F v_n) + b_n\big), \quad
        z(t + dt) = z(t) + s \, Q(v_L)

    with the lowest `modes` waves kept by R. Ring and plane: Li et al. (2021), arXiv 2010.08895. Sphere: Bonev et al.
    (2023), arXiv 2306.03838, with one complex matrix for every total wavenumber (spectral_convolution.py).

    As published: four blocks, a projection of two layers, no activation in the last block, gelu and no batch
    normalisation (the authors' later code; the paper's tables are with relu and batch normalisation).
    Different: it predicts standardised increments and is trained on unrolled steps, since it is run for ever and not
    once; grid coordinates are channels only where the world is not the same everywhere, so that on a homogeneous
    world it commutes with every shift; 24 modes on a ring (16 there), 12 on a plane as there; the sphere's blocks are
    those of the plane, without the encoder, the multi-layer perceptrons and the half resolution of SFNO; the output
    starts silent.

    What misleads: it is not conservative, and nothing keeps rain or humidity positive. The pointwise path carries
    waves beyond `modes` but cannot move them. On the sphere it sees what the world shows (pressure levels), knows
    season and sea only through the knobs and the training mean, and treats wind components as scalars.

    Attributes:
        budget: settings tried.
        width: channels in the blocks.
        depth: blocks.
        modes: waves kept along each axis, the mean included; on a sphere total wavenumbers, at most the grid's; 0 for
            24 on a ring or a sphere and 12 on a plane, where weights grow with their square.
        delays: observations in the input.
        updates: of the weights in each setting, both phases together.
        batch: windows times sites in a minibatch; never fewer than four windows.
        unroll: steps in the second phase.
        watched: steps of the free runs by which settings and snapshots are chosen, which see no divergence that comes
            later; 0 for 200, or for 60 where a state holds more than 4000 numbers.
        positions: whether sites are told where they are: auto (where the world is not the same everywhere), on, off.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 3
    width: int = 32
    depth: int = 4
    modes: int = 0
    delays: int = 1
    updates: int = 2400
    batch: int = 1024
    unroll: int = 4
    watched: int = 0
    positions: str = "auto"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        plan = Plan.of("fourier_operator", self)
        return fit_emulator(plan, self._start, data, watched=self.watched, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.width, self.depth) < 1 or min(self.modes, self.watched) < 0:
            raise BadSpec(
                "fourier_operator: width and depth must be at least 1, modes and watched not negative"
            )
        check_plan(Plan.of("fourier_operator", self))

    def _start(
        self, geometry: Geometry, inputs: int, outputs: int, rng: np.random.Generator
    ) -> AbstractFieldNetwork:
        return new_fourier_network(
            geometry,
            inputs,
            outputs,
            rng,
            width=self.width,
            depth=self.depth,
            modes=self.modes or MODES[geometry.kind],
        )


def new_fourier_network(
    geometry: Geometry,
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    width: int,
    depth: int,
    modes: int,
    middle: int | None = None,
    silent: bool = True,
) -> FourierNetwork:
    """Untrained; `middle` units in the projection (twice the width unless stated); its output is zero if `silent`."""
    modes = min(modes, most_modes(geometry))
    wide = 2 * width if middle is None else middle
    return FourierNetwork(
        lift=Linear(*drawn_layer(inputs, width, rng)),
        pointwise=tuple(Linear(*drawn_layer(width, width, rng)) for _ in range(depth)),
        waves=tuple(new_convolution(geometry.kind, modes, width, width, rng) for _ in range(depth)),
        middle=Linear(*drawn_layer(width, wide, rng)),
        out=Linear(*drawn_layer(wide, outputs, rng, scale=0.0 if silent else 1.0)),
    )


def most_modes(geometry: Geometry) -> int:
    """Waves that the grid can hold, the mean included."""
    if geometry.kind == "sphere":
        return geometry.truncation + 1
    return max((n + 1) // 2 for n in geometry.shape)
