"""Deep operator network: a branch that reads the whole field, a trunk that reads a place, and their inner product."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.field_emulator import AbstractFieldNetwork, Plan, check_plan, drawn_layer, fit_emulator
from gnomon.learners.fourier_operator import Linear
from gnomon.numerics.geometry import Geometry
from gnomon.spec.errors import BadSpec


class OperatorNetwork(AbstractFieldNetwork):
    """sum over k of b_k(field) t_k(place) for every output, b a branch of the field and t a trunk of the place.

    Attributes:
        branch: layers from the whole input to the basis' coefficients.
        trunk: layers from a place to the basis functions.
        mix: of several layers: [output, unit] weights of the products of one layer's units; empty where the last
            layers alone make the output.
        bias: [output].
        waves: cosines and sines along each axis that a place is told by.
    """

    branch: tuple[Linear, ...]
    trunk: tuple[Linear, ...]
    mix: tuple[Float[Array, "output unit"], ...]
    bias: Float[Array, " output"]
    waves: int = eqx.field(static=True)

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site, of the whole field."""
        b, t = x.reshape(-1), jnp.asarray(places(geometry, self.waves), x.dtype)
        if not self.mix:
            for layer in self.branch[:-1]:
                b = jax.nn.gelu(layer(b))
            for layer in self.trunk:
                t = jax.nn.gelu(layer(t))
            coefficients = self.branch[-1](b).reshape(self.bias.size, -1)
            return t @ coefficients.T + self.bias
        b, t, made = jax.nn.gelu(self.branch[0](b)), jax.nn.gelu(self.trunk[0](t)), self.bias
        for of_field, of_place, weights in zip(self.branch[1:], self.trunk[1:], self.mix, strict=True):
            b, t = jax.nn.gelu(of_field(b)), jax.nn.gelu(of_place(t))
            made = made + t @ (weights * b).T / len(self.mix)
        return made


class DeepOperator(AbstractLearner):
    r"""A deep operator network (DeepONet) that predicts the increment over one step.

    .. math::
        z(y, t + dt) = z(y, t) + s \Big(\sum_{k=1}^{p} b_k(x)\, \tau_k(y) + b_0\Big)

    with x the input at all sites at once (branch), y a place (trunk). Lu and others (2021),
    doi:10.1038/s42256-021-00302-5: the unstacked form with a bias. One trunk serves all channels and the branch gives
    p coefficients for each (the "split branch" of Lu and others 2022, doi:10.1016/j.cma.2022.114778); a place is told
    by cosines and sines along each axis, their "feature expansion", which makes the output periodic.

    `multi` is MultiONet (Zang and Koutsourelakis 2025, arXiv 2502.06250): branch and trunk have the same widths, and
    the output is the mean over their hidden layers of weighted inner products of the two, not that of the last alone:

    .. math::
        \frac1L \sum_{l=1}^{L} \sum_k w^{(l)}_k\, b^{(l)}_k(x)\, \tau^{(l)}_k(y) + b_0

    There w is one number a layer and starts at zero; here one for each unit and channel, so that several channels
    have one branch. Their generative model and weak residuals are not here.

    Different from both: it predicts standardised increments and is trained on unrolled steps, since it is run for
    ever and not once; gelu; the output starts silent. Frame and training are those of `fourier_operator`.

    What misleads: it is tied to the grid it was trained on (only places can be refined, not the input). It knows
    nothing of shifts: on a homogeneous world it has to see every pattern at every place, and where data are few it is
    little better than persistence, as published comparisons show (CFDBench). Its output lies in a linear space of p
    functions: sharp things that move need many. Weights of the first layer grow with the number of points.

    Attributes:
        budget: settings tried.
        width: units of every hidden layer.
        depth: hidden layers of branch and trunk; with `multi` those that are averaged, after an input layer each.
        rank: p, the basis functions; with `multi` it is `width`, and this is not used.
        waves: of the trunk's input along each axis of a ring or plane; on a sphere the place is a unit vector.
        multi: MultiONet.
        delays: observations in the input.
        updates: of the weights in each setting, both phases together.
        batch: windows times sites in a minibatch; never fewer than four windows.
        unroll: steps in the second phase.
        positions: whether sites are told where they are in the branch's input: auto (where the world is not the same
            everywhere), on, off. The trunk always is.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 3
    width: int = 64
    depth: int = 3
    rank: int = 64
    waves: int = 4
    multi: bool = False
    delays: int = 1
    updates: int = 2400
    batch: int = 1024
    unroll: int = 4
    positions: str = "auto"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        return fit_emulator(Plan.of("deep_operator", self), self._start, data, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.width, self.depth, self.rank, self.waves) < 1:
            raise BadSpec("deep_operator: width, depth, rank and waves must be at least 1")
        check_plan(Plan.of("deep_operator", self))

    def _start(
        self, geometry: Geometry, inputs: int, outputs: int, rng: np.random.Generator
    ) -> AbstractFieldNetwork:
        return new_operator_network(
            geometry, inputs, outputs, rng, width=self.width, depth=self.depth, rank=self.rank,
            waves=self.waves, multi=self.multi,
        )  # fmt: skip


def new_operator_network(
    geometry: Geometry,
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    width: int,
    depth: int,
    rank: int,
    waves: int,
    multi: bool,
    silent: bool = True,
) -> OperatorNetwork:
    """Untrained; its output is zero if `silent`. With `multi` there are `depth` products, each of `width` units."""
    scale = 0.0 if silent else 1.0
    into, place = geometry.sites * inputs, places(geometry, waves).shape[1]
    hidden = [width] * (depth + 1 if multi else depth)
    branch = [Linear(*drawn_layer(a, b, rng)) for a, b in zip([into, *hidden], hidden, strict=False)]
    trunk = [Linear(*drawn_layer(a, b, rng)) for a, b in zip([place, *hidden], hidden, strict=False)]
    mix = ()
    if multi:
        mix = tuple(drawn_layer(width, outputs, rng, scale=scale)[0].T for _ in range(depth))
    else:
        branch.append(Linear(*drawn_layer(width, rank * outputs, rng, scale=scale)))
        trunk.append(Linear(*drawn_layer(width, rank, rng)))
    bias = jnp.asarray(np.zeros(outputs, np.float32))
    return OperatorNetwork(tuple(branch), tuple(trunk), mix, bias, waves)


def places(geometry: Geometry, waves: int) -> np.ndarray:
    """[site, number] where each site is: cosines and sines of `waves` waves along each axis; a unit vector on a sphere.

    Of variance one on a ring or plane, so that the trunk's first layer keeps their size.
    """
    if geometry.kind == "sphere":
        lat, lon = np.meshgrid(np.radians(geometry.lat), np.radians(geometry.lon), indexing="ij")
        vector = [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
        return np.sqrt(3.0) * np.stack([v.ravel() for v in vector], axis=1)
    axes = np.meshgrid(*(2 * np.pi * np.arange(n) / n for n in geometry.shape), indexing="ij")
    told = [f(k * a).ravel() for a in axes for k in range(1, waves + 1) for f in (np.cos, np.sin)]
    return np.sqrt(2.0) * np.stack(told, axis=1)
