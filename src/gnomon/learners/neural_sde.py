"""A stochastic differential equation whose drift and diffusion are networks."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.vector_field import DrivenField, VectorField, linear_start, start_field
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.path_loss import Paths, course_of, paths_of, spread_of
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting, check_budget
from gnomon.training.solver_heuristics import tsit5_step
from gnomon.training.trainer import Recipe, Stage
from gnomon.training.windows import cast, draw_moments

TRAININGS = ("likelihood", "ensemble")
FLOOR = 1e-4  # smallest diffusion, in increments


class DriftAndDiffusion(eqx.Module):
    """Two networks of one structure; the diffusion's output is made positive by a softplus."""

    drift: VectorField
    diffusion: VectorField

    def strength(self, patches: Patches, z: Array, forced: Array) -> Float[Array, "site channel"]:
        """Standard deviation that one observation step adds, in increments."""
        return jax.nn.softplus(self.diffusion(patches, z, forced)) + FLOOR


class Scheme(eqx.Module):
    """One observation step in so many parts: in each the drift by Tsitouras' method, then the noise (Lie splitting)."""

    patches: Patches
    spread: Float[Array, " channel"]
    substeps: int = eqx.field(static=True)

    def step(self, model: DriftAndDiffusion, z: Array, forced: Array, *, key: PRNGKeyArray) -> Array:
        """`forced` is [2, site, input]: knobs now and one step later."""
        field, length = DrivenField(model.drift, self.patches, self.spread, forced), 1.0 / self.substeps
        for i in range(self.substeps):
            draw = jax.random.normal(jax.random.fold_in(key, i), z.shape, z.dtype)
            size = self.spread * model.strength(self.patches, z, forced[0]) * np.sqrt(length)
            z = tsit5_step(field, z, jnp.asarray(i * length, z.dtype), length) + size * draw
        return z

    def moments(self, model: DriftAndDiffusion, z: Array, forced: Array) -> tuple[Array, Array]:
        """Mean and variance of one transition in a single part, in standardised units."""
        field = DrivenField(model.drift, self.patches, self.spread, forced)
        size = self.spread * model.strength(self.patches, z, forced[0])
        return tsit5_step(field, z, jnp.zeros((), z.dtype), 1.0), size**2


class NeuralSDESimulator(AbstractSimulator[Array]):
    """Fresh noise at every step."""

    card: SimulatorCard = eqx.field(static=True)
    scheme: Scheme
    model: DriftAndDiffusion

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """[site, channel] standardised."""
        return self.scheme.patches.encode(history)[-1]

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One draw of the transition."""
        ends = [self.scheme.patches.forced(forcing.at(t)) for t in (time, time + self.card.dt)]
        return self.scheme.step(self.model, state, jnp.stack(ends), key=key)

    def observe(self, state: Array) -> Obs:
        """In its own units."""
        return self.scheme.patches.decode(state)


class NeuralSDE(AbstractLearner):
    r"""Drift and diagonal diffusion as networks, from the likelihood of transitions or the scores of short ensembles.

    .. math::
        dz = f_\theta(z, \text{knobs})\, dt + g_\theta(z, \text{knobs}) \, dW, \qquad
        z_{n+1} \sim \mathcal N \left( \Phi_f(z_n),\; g_\theta(z_n)^2 + \sigma_{obs}^2 (1 + \kappa) \right)

    `likelihood`: the Gaussian transition density of one step (Dietrich et al. 2023, doi:10.1063/5.0113632), here with
    the drift by a fifth-order method in place of Euler's, and with the observation error that the world's card
    declares taken out of the variance, once for each end of the step (kappa = 1: exact for a slow drift, too little
    where one step stretches errors). `ensemble`: the energy score of `members` free runs over `unroll` steps (a proper
    score: Gneiting and Raftery 2007, doi:10.1198/016214506000001437), after half of the updates by likelihood.

    What misleads: observed states of a deterministic world give a diffusion that is the model's own error, and
    forecasts from it are no worse calibrated for being called physics; one step cannot tell noise that is correlated
    in time from error of the drift.

    Attributes:
        budget: settings tried.
        width: units in a layer.
        depth: layers between input and output, the first included.
        radius: neighbours on each side in the first layer; every further layer adds one.
        updates: of the weights in each setting.
        batch: paths in a minibatch; on fields, paths times sites come to about this number.
        train: likelihood or ensemble.
        unroll: steps of an ensemble.
        members: of an ensemble, at least 2.
        substeps: parts of one observation step in the simulator; the likelihood knows one.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 2
    width: int = 64
    depth: int = 2
    radius: int = 4
    updates: int = 2400
    batch: int = 256
    train: str = "likelihood"
    unroll: int = 4
    members: int = 4
    substeps: int = 1

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        start_key, fit_key = jax.random.split(key)
        patches = patches_of(data)
        coarse = cast(patches, jnp.float32)
        paths = paths_of(coarse, data)
        spread = spread_of(paths)
        dtype = patches.mean.dtype
        linear = linear_start(coarse, paths, self.radius, spread, key=start_key)
        scheme = Scheme(coarse, jnp.asarray(spread, jnp.float32), self.substeps)
        full = Scheme(patches, jnp.asarray(spread, dtype), self.substeps)
        known = 2.0 * _error_variance(patches, data)

        def make(key: PRNGKeyArray) -> DriftAndDiffusion:
            flat = eqx.tree_at(
                lambda layer: (layer.weights, layer.bias), linear,
                (jnp.zeros_like(linear.weights), jnp.full_like(linear.bias, -2.0)),
            )  # fmt: skip
            drift, diffusion = (
                start_field(
                    coarse, start, outputs=patches.channels, width=self.width, depth=self.depth,
                    radius=self.radius, activation="gelu", key=k,
                )
                for start, k in zip((linear, flat), jax.random.split(key), strict=True)
            )  # fmt: skip
            return DriftAndDiffusion(drift, diffusion)

        def simulator_of(model: DriftAndDiffusion) -> NeuralSDESimulator:
            card = learned_card("neural_sde", data, context=1, stochastic=True)
            return NeuralSDESimulator(card, full, cast(model, dtype))

        def trainable(setting: Setting) -> Trainable:
            noise = jnp.float32(setting["noise"])
            one = TransitionLoss(scheme, jnp.asarray(known, jnp.float32), noise)
            stages = self._stages(one, EnsembleLoss(scheme, self.members, self.unroll), paths, patches.sites)
            return Trainable(make, stages, paths, Recipe(rate=setting["rate"], decay=1e-5), simulator_of)

        space = {"rate": (5e-3, 1e-2, 2e-3), "noise": (0.0, 0.003)}
        return fit_networks(
            data, trainable, space, name="neural_sde", budget=self.budget, context=1, key=fit_key
        )

    def _stages(self, one: eqx.Module, many: eqx.Module, data: Paths, sites: int) -> list[Stage]:
        batch = max(8, self.batch // sites)
        scored = self.updates // 2 if self.train == "ensemble" else 0
        first = self.updates - scored
        stages = [Stage(one, draw_moments(data.seen, 1, 1, batch), first, min(3, first))]  # pyright: ignore[reportArgumentType]
        if scored:
            draw = draw_moments(data.seen, 1, self.unroll, max(8, batch // self.members))
            stages.append(Stage(many, draw, scored, min(3, scored)))  # pyright: ignore[reportArgumentType]
        return stages

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.train not in TRAININGS:
            raise BadSpec(f"neural_sde: train must be one of {', '.join(TRAININGS)}, got {self.train!r}")
        sizes = (
            self.width,
            self.depth,
            self.updates,
            self.batch,
            self.unroll,
            self.substeps,
            self.members - 1,
        )
        if min(sizes) < 1 or self.radius < 0:
            raise BadSpec(
                "neural_sde: width, depth, updates, batch, unroll and substeps must be at least 1, members 2, radius 0"
            )
        check_budget("neural_sde", self.budget)


class TransitionLoss(eqx.Module):
    """Negative logarithm of the Gaussian transition density, up to a constant.

    Attributes:
        known: [channel] variance that observation errors add, in standardised units.
        noise: standard deviation of the noise added to the start.
    """

    scheme: Scheme
    known: Array
    noise: Array

    def __call__(
        self,
        model: DriftAndDiffusion,
        memory: tuple,
        data: Paths,
        rows: Array,
        progress: Array,
        key: PRNGKeyArray,
    ) -> tuple[Array, tuple]:
        """`rows` is [path, 2]: trajectory and first moment."""

        def one(at: Array, key: PRNGKeyArray) -> Array:
            truth, course = course_of(data, at, 1)
            start = truth[0] + self.noise * jax.random.normal(key, truth[0].shape, truth.dtype)
            mean, variance = self.scheme.moments(model, start, course.forced)
            variance = (variance + self.known) / self.scheme.spread**2
            error = (truth[1] - mean) / self.scheme.spread
            return 0.5 * jnp.mean(error**2 / variance + jnp.log(variance))

        return jnp.mean(jax.vmap(one)(rows, jax.random.split(key, rows.shape[0]))), memory


class EnsembleLoss(eqx.Module):
    r"""Energy score of free runs: mean |x_i - y| - (1/2) mean |x_i - x_j|, i and j different, over increments."""

    scheme: Scheme
    members: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)

    def __call__(
        self,
        model: DriftAndDiffusion,
        memory: tuple,
        data: Paths,
        rows: Array,
        progress: Array,
        key: PRNGKeyArray,
    ) -> tuple[Array, tuple]:
        """`rows` is [path, 2]: trajectory and first moment."""

        def one(at: Array, key: PRNGKeyArray) -> Array:
            truth, course = course_of(data, at, self.steps)
            ends = jnp.stack([course.forced[:-1], course.forced[1:]], axis=1)

            def member(key: PRNGKeyArray) -> Array:
                def step(z: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
                    forced, n = inputs
                    new = self.scheme.step(model, z, forced, key=jax.random.fold_in(key, n))
                    return new, new

                return jax.lax.scan(step, truth[0], (ends, jnp.arange(self.steps)))[1]

            runs = jax.vmap(member)(jax.random.split(key, self.members))
            return energy_score(runs / self.scheme.spread, truth[1:] / self.scheme.spread)

        return jnp.mean(jax.vmap(one)(rows, jax.random.split(key, rows.shape[0]))), memory


def energy_score(runs: Float[Array, "member step site channel"], truth: Array) -> Array:
    """Mean over steps and sites, unbiased in the number of members; distances are over channels."""

    def distance(difference: Array) -> Array:
        return jnp.mean(jnp.sqrt(jnp.sum(difference**2, axis=-1) + 1e-12))

    members = runs.shape[0]
    pairs = jnp.asarray([(i, j) for i in range(members) for j in range(i)])
    return distance(runs - truth) - 0.5 * distance(runs[pairs[:, 0]] - runs[pairs[:, 1]])


def _error_variance(patches: Patches, data: Data) -> np.ndarray:
    """[channel] variance of the declared observation error, in standardised units."""
    errors = {v.name: np.full(v.shape, v.obs_error) for v in data.card.variables}
    packed = np.asarray(patches.packing.pack(errors), float)
    by_channel = packed.reshape(patches.channels, patches.sites).mean(axis=1) if patches.shape else packed
    return (by_channel / np.asarray(patches.std, float)) ** 2
