"""An imperfect physics and a network that corrects it: after its steps, in its tendency, or through them."""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.residual import Layer
from gnomon.learners.vector_field import VectorField, field_input, ridge_layer, start_field
from gnomon.numerics.integrators import rk4
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.path_loss import Course, PathLoss, Paths, course_of, path_stages, paths_of, spread_of
from gnomon.training.physics_forecasts import required_physics
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting, check_budget
from gnomon.training.trainer import Recipe
from gnomon.training.windows import cast

WAYS = ("additive", "tendency", "solver")


class Held(NamedTuple):
    """The corrected state as it is seen (standardised), and the state of the physics."""

    z: Float[Array, "site channel"]
    physics: Any


class Correction(eqx.Module):
    """One step of the physics, corrected.

    Attributes:
        way: `step` adds to the outcome, `inside` to the tendency that the physics integrates, `around` before and
            after its step.
    """

    way: str = eqx.field(static=True)
    patches: Patches
    physics: AbstractWorld
    spread: Float[Array, " channel"]
    dt: float = eqx.field(static=True)

    def begin(self, z: Array, *, key: PRNGKeyArray) -> Held:
        """What is not observed comes from a random state."""
        return self._held(z, self.physics.init(key=key))

    def step(
        self, network: VectorField, state: Held, forcing: Forcing, *, time: Time, key: PRNGKeyArray
    ) -> Held:
        """The corrected state one observation step later."""
        forced = self.patches.forced(forcing.at(time))
        if self.way == "inside":
            return self._inside(network, state, forcing, forced, time=time)
        if self.way == "around":
            half = 0.5 * self.spread * network(self.patches, state.z, forced)
            before = self._held(state.z + half, state.physics)
            moved = self.physics.step(before.physics, forcing, time=time, key=key)
            z = self.patches.encode(self.physics.observe(moved))
            after = self.patches.forced(forcing.at(time + self.dt))
            return self._held(z + 0.5 * self.spread * network(self.patches, z, after), moved)
        moved = self.physics.step(state.physics, forcing, time=time, key=key)
        forecast = self.patches.encode(self.physics.observe(moved))
        x = jnp.concatenate([state.z, (forecast - state.z) / self.spread], axis=-1)
        return self._held(forecast + self.spread * network(self.patches, x, forced), moved)

    def _inside(
        self, network: VectorField, state: Held, forcing: Forcing, forced: Array, *, time: Time
    ) -> Held:
        physics: Any = self.physics

        def tendency(x: Array, knobs: Knobs) -> Array:
            z = self.patches.encode(physics.observe(x))
            rate = self.spread * network(self.patches, z, self.patches.forced(knobs)) / self.dt
            # how the physics' own state moves when what is seen of it moves so
            push = jax.jvp(lambda z: physics.lift(self.patches.decode(z), x), (z,), (rate,))[1]
            return physics.tendency(x, knobs) + push

        moved = rk4(tendency, state.physics, forcing.at, time=time, dt=self.dt, substeps=physics.substeps)
        return Held(self.patches.encode(physics.observe(moved)), moved)

    def _held(self, z: Array, background: Any) -> Held:
        """What the physics cannot hold (a mean that it conserves, say) is dropped, so that it cannot pile up."""
        state = self.physics.lift(self.patches.decode(z), background)
        return Held(self.patches.encode(self.physics.observe(state)), state)


class CorrectedPhysicsSimulator(AbstractSimulator[Held]):
    """The physics and its correction."""

    card: SimulatorCard = eqx.field(static=True)
    correction: Correction
    network: VectorField

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Held:
        """The physics starts from the present observation; what that does not determine, from a random state."""
        return self.correction.begin(self.correction.patches.encode(history)[-1], key=key)

    def advance(self, state: Held, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Held:
        """One corrected step."""
        return self.correction.step(self.network, state, forcing, time=time, key=key)

    def observe(self, state: Held) -> Obs:
        """The corrected state, in its own units."""
        return self.correction.patches.decode(state.z)


class CorrectedPhysics(AbstractLearner):
    r"""An imperfect physics and a network, joined in one of three ways.

    .. math::
        \text{additive, solver:} \quad z_{n+1} = P(z_n) + f_\theta(z_n, P(z_n) - z_n, \text{knobs}), \qquad
        \text{tendency:} \quad \dot x = p(x) + f_\theta(x, \text{knobs})

    `additive` learns the error of one step from pairs of observations, without derivatives of the physics (as hybrid
    analysis corrections do, Farchi et al. 2021, doi:10.1002/qj.4116). `solver` has the same form and is trained along
    `unroll` steps, with gradients through the physics (Um et al. 2020, Solver-in-the-Loop, arXiv 2007.00016).
    `tendency` puts the network under the physics' own integrator and is trained so as well (Rackauckas et al. 2020,
    universal differential equations, arXiv 2001.04385).

    Different from the papers: the network is small and sees the neighbourhood on a ring; its linear part starts from a
    ridge regression of the physics' one-step errors. Where the physics has no tendency of its own that an explicit
    method can take (a spectral or stiff one), `tendency` becomes Strang's splitting: half of the learned change before
    the step, half after it.

    What misleads: where the physics is nearly right, the observation error is most of what `additive` is shown, and it
    learns that noise unless the trajectories are many. Training computes in the precision of the case, as the physics
    does.

    Attributes:
        budget: settings tried.
        way: additive, tendency or solver.
        width: units in a layer.
        depth: layers between input and output, the first included.
        radius: neighbours on each side in the first layer; every further layer adds one.
        updates: of the weights in each setting.
        batch: paths in a minibatch; on fields, paths times sites come to about this number.
        unroll: steps of a path in the second half of the training; `additive` has one.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = True
    budget: int = 2
    way: str = "solver"
    width: int = 32
    depth: int = 2
    radius: int = 2
    updates: int = 1200
    batch: int = 256
    unroll: int = 4

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        prior = required_physics("corrected_physics", prior)
        self.check()
        start_key, fit_key = jax.random.split(key)
        patches = patches_of(data)
        paths = paths_of(patches, data)
        dtype = patches.mean.dtype
        spread = jnp.asarray(spread_of(paths), dtype)
        place = "step" if self.way != "tendency" else "inside" if _has_tendency(prior) else "around"
        correction = Correction(place, patches, prior, spread, data.card.dt)
        linear = _error_start(correction, paths, self.radius, key=start_key)

        def make(key: PRNGKeyArray) -> VectorField:
            network = start_field(
                patches, linear, outputs=patches.channels, width=self.width, depth=self.depth,
                radius=self.radius, activation="gelu", key=key,
            )  # fmt: skip
            return cast(network, dtype)

        def simulator_of(network: VectorField) -> CorrectedPhysicsSimulator:
            return CorrectedPhysicsSimulator(
                learned_card("corrected_physics", data, context=1), correction, network
            )

        def trainable(setting: Setting) -> Trainable:
            noise, none = jnp.asarray(setting["noise"], dtype), jnp.zeros((), dtype)
            loss = PathLoss(CorrectedPath(correction), spread, noise, none, none, 1)
            steps = 1 if self.way == "additive" else self.unroll
            batch = max(8, self.batch // patches.sites)
            stages = path_stages(loss, paths, updates=self.updates, batch=batch, steps=steps)
            return Trainable(make, stages, paths, Recipe(rate=setting["rate"], decay=1e-5), simulator_of)

        space = {"rate": (2e-3, 5e-3), "noise": (0.0, 0.003)}
        return fit_networks(
            data, trainable, space, name="corrected_physics", budget=self.budget, context=1, key=fit_key
        )

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.way not in WAYS:
            raise BadSpec(f"corrected_physics: way must be one of {', '.join(WAYS)}, got {self.way!r}")
        if min(self.width, self.depth, self.updates, self.batch, self.unroll) < 1 or self.radius < 0:
            raise BadSpec(
                "corrected_physics: width, depth, updates, batch and unroll must be at least 1, radius 0"
            )
        check_budget("corrected_physics", self.budget)


class CorrectedPath(eqx.Module):
    """What the loss calls."""

    correction: Correction

    def __call__(
        self, network: VectorField, start: Array, course: Course, key: PRNGKeyArray
    ) -> tuple[Array, Array]:
        """The path, and no penalty."""

        def step(state: Held, n: Array) -> tuple[Held, Array]:
            own = jax.random.fold_in(key, n)
            new = self.correction.step(network, state, course.forcing, time=course.time[n], key=own)
            return new, new.z

        begin = self.correction.begin(start, key=key)
        states = jax.lax.scan(step, begin, jnp.arange(course.time.shape[0] - 1))[1]
        return states, jnp.zeros((), start.dtype)


def _has_tendency(physics: Any) -> bool:
    """Whether an explicit Runge-Kutta method may integrate the physics' tendency with a learned term in it."""
    explicit = getattr(getattr(physics, "about", None), "scheme", "rk4") == "rk4"
    return explicit and all(hasattr(physics, name) for name in ("tendency", "substeps"))


def _error_start(correction: Correction, data: Paths, radius: int, *, key: PRNGKeyArray) -> Layer:
    """Ridge regression of the physics' one-step errors, on what the network will see."""
    patches = correction.patches
    trajectories, length = data.seen.z.shape[:2]
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).tolist())
    count = max(64, 4000 // patches.sites)
    where = np.stack([rng.integers(0, trajectories, count), rng.integers(0, length - 1, count)], axis=1)
    rows, errors = _errors(correction, data, radius if patches.shape else 0, jnp.asarray(where), key)
    return ridge_layer(np.asarray(rows), np.asarray(errors))


@eqx.filter_jit
def _errors(
    correction: Correction, data: Paths, radius: int, where: Array, key: PRNGKeyArray
) -> tuple[Array, Array]:
    patches, physics = correction.patches, correction.physics

    def one(at: Array) -> tuple[Array, Array]:
        truth, course = course_of(data, at, 1)
        state = correction.begin(truth[0], key=key)
        moved = physics.step(state.physics, course.forcing, time=course.time[0], key=key)
        forecast = patches.encode(physics.observe(moved))
        x = truth[0]
        if correction.way == "step":
            x = jnp.concatenate([x, (forecast - x) / correction.spread], axis=-1)
        rows = field_input(patches, radius, x, course.forced[0])
        return rows, (truth[1] - forecast) / correction.spread

    return jax.vmap(one)(where)
