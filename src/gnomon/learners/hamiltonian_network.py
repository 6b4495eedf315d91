"""A learned energy whose gradient moves the state: Hamiltonian, or port-Hamiltonian where energy comes and goes."""

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
from gnomon.learners.residual import Layer
from gnomon.learners.vector_field import VectorField, linear_start, silent_layer, start_field
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.path_loss import Course, PathLoss, path_stages, paths_of, spread_of
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting, check_budget
from gnomon.training.trainer import Recipe
from gnomon.training.windows import cast

SWEEPS = 6  # of a simplified Newton iteration; each gains about the change of the Jacobian within one step
DENSE = 12  # numbers in a state up to which the structure may depend on it


class Energy(eqx.Module):
    """H(z, knobs): a quadratic form, as deep as the data's covariance at the start, and a network of smooth layers."""

    quadratic: Float[Array, "number number"]
    network: VectorField

    def __call__(self, patches: Patches, z: Float[Array, " number"], forced: Array) -> Array:
        """A number; the units of time and state make it of order one."""
        deep = self.network(patches, z[None], forced)
        return 0.5 * z @ self.quadratic @ z + deep[0, 0]


class Structure(eqx.Module):
    """What turns a gradient into a rate.

    canonical: the pairs of `pairs` [2, pair], each momentum against its position, in units of their own (`scale`).
    port: J - R with J = A - A^T and R = L L^T, constant or from a network of the state, and an input linear in the
    knobs.
    """

    canonical: bool = eqx.field(static=True)
    pairs: Array
    scale: Float[Array, " pair"]
    constant: Float[Array, "two number number"]
    network: VectorField | None
    port: Layer

    def rate(self, patches: Patches, z: Array, slope: Array, forced: Array) -> Array:
        """[number] change in one observation step."""
        if self.canonical:
            q, p = self.pairs[0], self.pairs[1]
            out = jnp.zeros_like(z)
            return out.at[q].set(slope[p] * self.scale).at[p].set(-slope[q] * self.scale)
        size = z.shape[0]
        both = self.constant
        if self.network is not None:
            both = both + self.network(patches, z[None], forced).reshape(2, size, size)
        twist = both[0] - both[0].T
        return twist @ slope - both[1] @ (both[1].T @ slope) + self.port(forced)[0]


class EnergyFlow(eqx.Module):
    """The equation of motion and its integrator, the implicit midpoint rule."""

    energy: Energy
    structure: Structure
    substeps: int = eqx.field(static=True)

    def rate(self, patches: Patches, z: Array, forced: Array) -> Array:
        """[number] change in one observation step."""
        slope = jax.grad(lambda z: self.energy(patches, z, forced))(z)
        return self.structure.rate(patches, z, slope, forced)

    def step(self, patches: Patches, z: Float[Array, "site channel"], forced: Array) -> Array:
        """One observation step; `forced` [2, site, input] now and one step later.

        Each part has the knobs of its middle. Symplectic for canonical pairs, as far as the iteration converges.
        """
        flat, h = z[0], 1.0 / self.substeps
        for i in range(self.substeps):
            share = (i + 0.5) * h
            middle = (1.0 - share) * forced[0] + share * forced[1]

            def slope(z: Array, middle: Array = middle) -> Array:
                return self.rate(patches, z, middle)

            # Newton's iteration with one Jacobian a step: the plain fixed point diverges on stiff fields
            linear = jnp.eye(flat.size, dtype=flat.dtype) - (0.5 * h) * jax.jacfwd(slope)(flat)
            inverse = jnp.linalg.inv(linear)
            rate = slope(flat)
            for _ in range(SWEEPS):
                rate = rate - inverse @ (rate - slope(flat + (0.5 * h) * rate))
            flat = flat + h * rate
        return flat[None]


class HamiltonianSimulator(AbstractSimulator[Array]):
    """The present observation is the state; the gradient of a learned energy moves it."""

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    flow: EnergyFlow

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """[1, number] standardised."""
        return self.patches.encode(history)[-1]

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One observation step."""
        ends = [self.patches.forced(forcing.at(t)) for t in (time, time + self.card.dt)]
        return self.flow.step(self.patches, state, jnp.stack(ends))

    def observe(self, state: Array) -> Obs:
        """In its own units."""
        return self.patches.decode(state)


class HamiltonianNetwork(AbstractLearner):
    r"""A learned energy: canonical where positions and momenta are named, port-Hamiltonian everywhere else.

    .. math::
        \dot q = \partial_p H, \quad \dot p = -\partial_q H \qquad \text{or} \qquad
        \dot z = (J(z) - R(z)) \nabla H(z) + B u

    with J antisymmetric, R positive semidefinite and u the knobs, which H sees as well. Greydanus, Dzamba and Yosinski
    (2019), arXiv 1906.01563; the port form: van der Schaft (2006), doi:10.4171/022-3/65, learned by Desai et al.
    (2021), doi:10.1103/PhysRevE.104.034312.

    Different: rates of change are not observed, so H is trained along short paths of the implicit midpoint rule (as
    Chen et al. 2020, arXiv 1909.13334, do with a leapfrog, which needs H = T(p) + V(q); this does not). Pairs are
    standardised, and each keeps the one factor that makes the map to standardised numbers canonical up to the unit of
    energy. J and R depend on the state up to 12 numbers and are constant beyond.

    What misleads: what is conserved is the energy of the learned H after the midpoint rule has altered it (by the
    square of the step), not the truth's; noise in observed states biases H, since both ends of a path carry it; the
    port form can hold any smooth field, so a good fit with it says nothing about an energy in the world.

    Attributes:
        budget: settings tried.
        positions: variables q_1, q_2 … with commas between them; the port form where empty.
        momenta: their momenta in the same order.
        width: units in a layer.
        depth: layers of the energy's network between input and output.
        updates: of the weights in each setting.
        batch: paths in a minibatch.
        unroll: steps of a path in the second half of the training.
        substeps: midpoint steps in one observation step.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 2
    positions: str = ""
    momenta: str = ""
    width: int = 32
    depth: int = 2
    updates: int = 1600
    batch: int = 128
    unroll: int = 4
    substeps: int = 1

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        pairs = self._pairs(data.card)
        start_key, fit_key = jax.random.split(key)
        patches = patches_of(data, whole=True)
        coarse = cast(patches, jnp.float32)
        paths = paths_of(coarse, data)
        spread = spread_of(paths)
        linear = linear_start(coarse, paths, 0, spread, key=start_key)
        dtype = patches.mean.dtype

        def make(key: PRNGKeyArray) -> EnergyFlow:
            return self._start(coarse, linear, spread, pairs, data.card.dt, key=key)

        def simulator_of(flow: EnergyFlow) -> HamiltonianSimulator:
            card = learned_card("hamiltonian_network", data, context=1)
            return HamiltonianSimulator(card, patches, cast(flow, dtype))

        def trainable(setting: Setting) -> Trainable:
            spread32 = jnp.asarray(spread, jnp.float32)
            noise, none = jnp.float32(setting["noise"]), jnp.float32(0.0)
            loss = PathLoss(EnergyPath(coarse), spread32, noise, none, none, 1)
            stages = path_stages(loss, paths, updates=self.updates, batch=self.batch, steps=self.unroll)
            return Trainable(make, stages, paths, Recipe(rate=setting["rate"]), simulator_of)

        space = {"rate": (5e-3, 1e-2, 2e-3), "noise": (0.0, 0.003)}
        return fit_networks(
            data, trainable, space, name="hamiltonian_network", budget=self.budget, context=1, key=fit_key
        )

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        sizes = (self.width, self.depth, self.updates, self.batch, self.unroll, self.substeps)
        if min(sizes) < 1:
            raise BadSpec(
                "hamiltonian_network: width, depth, updates, batch, unroll and substeps must be at least 1"
            )
        check_budget("hamiltonian_network", self.budget)
        q, p = self._named()
        if len(q) != len(p):
            raise BadSpec(f"hamiltonian_network: every position needs its momentum, got {q} and {p}")

    def _named(self) -> tuple[list[str], list[str]]:
        """Positions and momenta."""
        q, p = ([n.strip() for n in text.split(",") if n.strip()] for text in (self.positions, self.momenta))
        return q, p

    def _pairs(self, card: WorldCard) -> np.ndarray:
        """[2, pair] where in the packed vector positions and momenta are."""
        q, p = self._named()
        if not q:
            return np.zeros((2, 0), int)
        where, begin = {}, 0
        for v in card.variables:
            size = int(np.prod(v.shape, dtype=int))
            where[v.name] = np.arange(begin, begin + size)
            begin += size
        if sorted(q + p) != sorted(where):
            raise BadSpec(
                f"hamiltonian_network: positions and momenta must name each variable of the world once "
                f"({', '.join(where)}), got {', '.join(q + p)}"
            )
        rows = [np.concatenate([where[n] for n in names]) for names in (q, p)]
        if len(rows[0]) != len(rows[1]):
            raise BadSpec("hamiltonian_network: positions and momenta must have the same shapes")
        return np.stack(rows)

    def _start(
        self,
        patches: Patches,
        linear: Layer,
        spread: np.ndarray,
        pairs: np.ndarray,
        dt: float,
        *,
        key: PRNGKeyArray,
    ) -> EnergyFlow:
        size, knobs = patches.channels, linear.weights.shape[0] - patches.channels
        canonical = pairs.shape[1] > 0
        keys = jax.random.split(key, 2)
        silent = silent_layer(size + knobs, 1)

        def net(start: Layer, outputs: int, key: PRNGKeyArray) -> VectorField:
            field = start_field(
                patches, start, outputs=outputs, width=self.width, depth=self.depth, radius=0,
                activation="silu", key=key,
            )  # fmt: skip
            # a silent energy has no gradient to learn its inner layers from
            random = 0.1 * jax.random.normal(jax.random.fold_in(key, 1), field.out.weights.shape, jnp.float32)
            return eqx.tree_at(lambda f: f.out.weights, field, random / np.float32(np.sqrt(self.width)))

        std = np.asarray(patches.std, float)
        scale = dt / (std[pairs[0]] * std[pairs[1]]) if canonical else np.zeros(0)
        # one factor for all pairs is a choice of the unit of energy: it keeps H of order one
        scale = scale / np.exp(np.log(scale).mean()) * spread.mean() if canonical else scale
        jacobian = np.asarray(linear.weights, float)[:size].T * spread[:, None]
        constant = _split(jacobian)
        dense = None
        if not canonical and size <= DENSE:
            dense = net(silent_layer(size + knobs, 2 * size * size), 2 * size * size, keys[1])
            dense = eqx.tree_at(lambda f: f.out.weights, dense, 0.1 * dense.out.weights)
        port = Layer(
            jnp.asarray(linear.weights[size:] * spread, jnp.float32), jnp.asarray(linear.bias * spread)
        )
        return EnergyFlow(
            energy=Energy(jnp.eye(size, dtype=jnp.float32), net(silent, 1, keys[0])),
            structure=Structure(
                canonical=canonical,
                pairs=jnp.asarray(pairs),
                scale=jnp.asarray(scale, jnp.float32),
                constant=jnp.asarray(constant if not canonical else np.zeros((2, 1, 1)), jnp.float32),
                network=dense,
                port=cast(port, jnp.float32),
            ),
            substeps=self.substeps,
        )


class EnergyPath(eqx.Module):
    """What the loss calls."""

    patches: Patches

    def __call__(
        self, flow: EnergyFlow, start: Array, course: Course, key: PRNGKeyArray
    ) -> tuple[Array, Array]:
        """The path, and no penalty."""
        ends = jnp.stack([course.forced[:-1], course.forced[1:]], axis=1)

        def step(z: Array, forced: Array) -> tuple[Array, Array]:
            new = flow.step(self.patches, z, forced)
            return new, new

        return jax.lax.scan(step, start, ends)[1], jnp.zeros((), start.dtype)


def _split(jacobian: np.ndarray) -> np.ndarray:
    """[2, n, n] A and L: A - A^T - L L^T is what (J - R) grad H with H = |z|^2 / 2 can reach of a linear field."""
    twist = 0.25 * (jacobian - jacobian.T)
    values, vectors = np.linalg.eigh(-0.5 * (jacobian + jacobian.T))
    # directions that the linear field pushes outwards start without friction, and a little, so that a gradient exists
    root = vectors * np.sqrt(np.maximum(values, 1e-4 * max(np.abs(values).max(), 1e-6)))
    return np.stack([twist, root])
