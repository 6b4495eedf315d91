"""A neural network as the right-hand side of a differential equation."""

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
from gnomon.learners.residual import ACTIVATIONS
from gnomon.learners.vector_field import DrivenField, VectorField, linear_start, start_field
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.path_loss import Course, PathLoss, Paths, path_stages, paths_of, spread_of
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting, check_budget
from gnomon.training.solver_heuristics import STAGES, global_labour, local_labour, solve_path, tsit5_step
from gnomon.training.trainer import Recipe
from gnomon.training.windows import cast

SOLVERS = ("fixed", "adaptive")
REGULARISERS = ("none", "global", "local")
HEURISTICS = ("error", "stiffness", "both")
SAMPLINGS = ("unbiased", "biased")
MOST = 16  # solver steps allowed for one observation step
SHARE = 0.1  # of the stiffness beside the error, where both are penalised: as published


class Solver(eqx.Module):
    """How a field is solved, and what of the labour is penalised in training."""

    kind: str = eqx.field(static=True)
    substeps: int = eqx.field(static=True)
    tolerance: float = eqx.field(static=True)
    regularise: str = eqx.field(static=True)
    heuristic: str = eqx.field(static=True)
    sampling: str = eqx.field(static=True)

    def path(self, field: DrivenField, start: Array, steps: int, *, key: PRNGKeyArray) -> tuple[Array, Array]:
        """[step, site, channel] and the penalty, for training."""
        if self.kind == "fixed":
            return self.fixed(field, start, steps), jnp.zeros((), start.dtype)
        solved = solve_path(field, start, steps, tolerance=self.tolerance, most=MOST * steps, trained=True)
        if self.regularise == "none":
            return solved.states, jnp.zeros((), start.dtype)
        if self.regularise == "global":
            labour = global_labour(field, solved, self.tolerance)
        else:
            labour = local_labour(field, solved, self.tolerance, biased=self.sampling == "biased", key=key)
        parts = {
            "error": labour.error,
            "stiffness": labour.stiffness,
            "both": labour.error + SHARE * labour.stiffness,
        }
        return solved.states, parts[self.heuristic]

    def fixed(self, field: DrivenField, start: Array, steps: int) -> Array:
        """[step, site, channel] in equal steps."""
        length = 1.0 / self.substeps

        def observed(z: Array, n: Array) -> tuple[Array, Array]:
            for i in range(self.substeps):
                z = tsit5_step(field, z, n + i * length, length)
            return z, z

        return jax.lax.scan(observed, start, jnp.arange(steps, dtype=start.dtype))[1]

    def one(self, field: DrivenField, start: Array) -> tuple[Array, Array]:
        """The state one observation step later, and the evaluations that it took."""
        if self.kind == "fixed":
            return self.fixed(field, start, 1)[0], jnp.asarray(STAGES * self.substeps)
        solved = solve_path(field, start, 1, tolerance=self.tolerance, most=16 * MOST)
        return solved.states[0], solved.evaluations


class NeuralODESimulator(AbstractSimulator[Array]):
    """The present observation is the state; a network is its rate of change."""

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    spread: Float[Array, " channel"]
    network: VectorField
    solver: Solver

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """[site, channel] standardised."""
        return self.patches.encode(history)[-1]

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The solution one observation step later."""
        return self.counted(state, forcing, time=time)[0]

    def counted(self, state: Array, forcing: Forcing, *, time: Time) -> tuple[Array, Array]:
        """The same, with the number of evaluations of the network."""
        ends = [self.patches.forced(forcing.at(t)) for t in (time, time + self.card.dt)]
        return self.solver.one(DrivenField(self.network, self.patches, self.spread, jnp.stack(ends)), state)

    def observe(self, state: Array) -> Obs:
        """In its own units."""
        return self.patches.decode(state)


class NeuralODE(AbstractLearner):
    r"""A differential equation whose right-hand side is a network, with or without a penalty on the solver's labour.

    .. math::
        \dot z = A x + f_\theta(x), \qquad x = (z, \text{knobs})

    solved by Tsitouras' method of order 5(4), trained on paths of a few steps that start from observed states with
    noise (multiple shooting), first of one step, then of `unroll`. Chen, Rubanova, Bettencourt and Duvenaud (2018),
    arXiv 1806.07366; the
    penalties: Pal et al. (2021), arXiv 2105.03918 (`global`), and Pal et al. (2023), arXiv 2303.02262 (`local`).

    As published: the adaptive solver, the network as the only unknown, the penalties and their annealing. Different: A
    starts from ridge regression; on a ring all sites share one network of their neighbourhood; derivatives go through
    the steps of the solver (checkpointed) and not through an adjoint equation, which is unstable on chaotic paths;
    steps are equal unless `adaptive` is asked for, because observations this dense need one step each and equal steps
    compile eight times faster.

    What misleads: one solve for each observation step takes at least one step, so a penalty cannot save anything below
    seven evaluations; long paths between sparse observations are where it may (`benchmarks/regularised_nde.py`).

    Attributes:
        budget: settings tried.
        width: units in a layer.
        depth: layers between input and output, the first included.
        radius: neighbours on each side in the first layer; every further layer adds one.
        updates: of the weights in each setting.
        batch: paths in a minibatch; on fields, paths times sites come to about this number.
        unroll: steps of a path in the second half of the training.
        solver: fixed or adaptive.
        substeps: of the fixed solver in one observation step.
        tolerance: of the adaptive solver, in standard deviations.
        regularise: none, global or local; needs the adaptive solver.
        heuristic: error, stiffness or both.
        sampling: unbiased or biased, of the local penalty's step.
        strength: of the penalty at the start; it falls to a tenth, as published.
        activation: one of gelu, silu, tanh.
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
    unroll: int = 4
    solver: str = "fixed"
    substeps: int = 1
    tolerance: float = 1e-4
    regularise: str = "none"
    heuristic: str = "error"
    sampling: str = "unbiased"
    strength: float = 0.01
    activation: str = "gelu"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        start_key, fit_key = jax.random.split(key)
        patches = patches_of(data)
        coarse = cast(patches, jnp.float32)
        paths = paths_of(coarse, data)
        spread = spread_of(paths)
        spread32 = jnp.asarray(spread, jnp.float32)
        linear = linear_start(coarse, paths, self.radius, spread, key=start_key)
        dtype = patches.mean.dtype
        solver = Solver(
            self.solver, self.substeps, self.tolerance, self.regularise, self.heuristic, self.sampling
        )
        strength = self.strength if self.regularise != "none" else 0.0

        def make(key: PRNGKeyArray) -> VectorField:
            return start_field(
                coarse, linear, outputs=patches.channels, width=self.width, depth=self.depth,
                radius=self.radius, activation=self.activation, key=key,
            )  # fmt: skip

        def simulator_of(network: VectorField) -> NeuralODESimulator:
            card = learned_card("neural_ode", data, context=1)
            return NeuralODESimulator(card, patches, jnp.asarray(spread, dtype), cast(network, dtype), solver)

        def trainable(setting: Setting) -> Trainable:
            noise, begin, end = (jnp.float32(x) for x in (setting["noise"], strength, 0.1 * strength))
            path = SolvedPath(coarse, spread32, solver)
            loss = PathLoss(path, spread32, noise, begin, end, 1)
            batch = max(8, self.batch // patches.sites)
            stages = path_stages(loss, paths, updates=self.updates, batch=batch, steps=self.unroll)
            return Trainable(make, stages, paths, Recipe(rate=setting["rate"], decay=1e-5), simulator_of)

        space = {"noise": (0.0, 0.003), "rate": (5e-3, 1e-2, 2e-3)}
        fit = fit_networks(
            data, trainable, space, name="neural_ode", budget=self.budget, context=1, key=fit_key
        )
        return fit._replace(log={**fit.log, "evaluations": evaluations_of(fit.simulator, patches, data)})

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        allowed = {
            "activation": ACTIVATIONS, "solver": SOLVERS, "regularise": REGULARISERS,
            "heuristic": HEURISTICS, "sampling": SAMPLINGS,
        }  # fmt: skip
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise BadSpec(
                    f"neural_ode: {name} must be one of {', '.join(values)}, got {getattr(self, name)!r}"
                )
        if self.regularise != "none" and self.solver != "adaptive":
            raise BadSpec(
                'neural_ode: equal steps have no labour to save; regularise needs solver = "adaptive"'
            )
        sizes = (self.width, self.depth, self.updates, self.batch, self.unroll, self.substeps)
        if min(sizes) < 1 or self.radius < 0 or not self.tolerance > 0 or self.strength < 0:
            raise BadSpec(
                "neural_ode: width, depth, updates, batch, unroll and substeps must be at least 1, tolerance positive, "
                "radius and strength not negative"
            )
        check_budget("neural_ode", self.budget)


class SolvedPath(eqx.Module):
    """What the loss calls, with its constants as leaves."""

    patches: Patches
    spread: Array
    solver: Solver

    def __call__(
        self, network: VectorField, start: Array, course: Course, key: PRNGKeyArray
    ) -> tuple[Array, Array]:
        """The path and the penalty."""
        field = DrivenField(network, self.patches, self.spread, course.forced)
        return self.solver.path(field, start, course.forced.shape[0] - 1, key=key)


def evaluations_of(simulator: AbstractSimulator, patches: Patches, data: Data, most: int = 200) -> float:
    """Mean evaluations of the network in one observation step, from observed states of the validation trajectories."""
    assert isinstance(simulator, NeuralODESimulator)
    if simulator.solver.kind == "fixed":
        return float(STAGES * simulator.solver.substeps)
    paths: Paths = paths_of(patches, data, rows="validation")
    count, length = paths.seen.z.shape[:2]
    moments = np.unique(np.linspace(0, length - 2, max(1, most // count)).astype(int))
    return float(np.mean(np.asarray(_counts(simulator, paths, jnp.asarray(moments)))))


@eqx.filter_jit
def _counts(simulator: NeuralODESimulator, paths: Paths, moments: Array) -> Array:
    def one(z: Array, knobs: dict[str, Array], n: Array) -> Array:
        forcing = Forcing(times={k: paths.time for k in knobs}, values=knobs)
        return simulator.counted(z[n], forcing, time=paths.time[n])[1]

    each = jax.vmap(one, in_axes=(None, None, 0))
    return jax.vmap(each, in_axes=(0, 0, None))(paths.seen.z, paths.knobs, moments)
