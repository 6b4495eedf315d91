"""A recurrent network of random couplings: rest, and chaos for gains above one."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.integrators import rk4
from gnomon.spec.cards import Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.known import facts_that_hold, known_value, read_facts

STANDARD = {"n": 100, "draw": 3, "seen": 16, "damping": 1.0, "dt": 0.5, "substeps": 5}
SCALE = 2.04  # standard deviation of one unit at g = 3; checked by validation/


class RandomNetwork(AbstractWorld[Array]):
    r"""Units that decay and drive each other through fixed random couplings of both signs.

    .. math::
        \dot x_i = -a x_i + g \sum_{j=1}^{n} J_{ij} \tanh x_j, \qquad J_{ij} \sim N(0, 1/n), \quad J_{ii} = 0

    J is drawn once from the seed `draw` by NumPy, so the same arguments are the same world everywhere. With a = 1 and
    n without end: rest for g < 1, where the edge of the circular law crosses the stability line, and chaos for
    every g > 1, with many positive exponents. A finite network has windows of limit cycles and fixed points in
    between, and which ones depends on `draw`: the default is chaotic for all g from 2.25 to 6, draws 1 and 2 are
    not. Only the first `seen` units are seen; the rest are hidden. Without a constant input the equations keep
    under x -> -x.

    Sompolinsky, Crisanti and Sommers (1988), doi:10.1103/PhysRevLett.61.259. Exponents: Engelken, Wolf and Abbott
    (2023), doi:10.1103/PhysRevResearch.5.043044.
    """

    card: WorldCard = eqx.field(static=True)
    couplings: Float[Array, "n n"]
    damping: Float[Array, ""]
    n: int = eqx.field(static=True)
    seen: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        n: int = 100,
        draw: int = 3,
        seen: int = 16,
        damping: float = 1.0,
        dt: float = 0.5,
        substeps: int = 5,
    ):
        """Make the world.

        Args:
            n: number of units, at least 2.
            draw: seed of the couplings.
            seen: how many units are observed, from the first on.
            damping: a, rate of decay of every unit.
            dt: time between two observations.
            substeps: Runge-Kutta steps in each `dt`.
        """
        if n < 2 or not 1 <= seen <= n:
            raise BadSpec(
                f"random_network needs n of at least 2 and seen between 1 and n, got n = {n}, seen = {seen}"
            )
        self.n, self.seen, self.substeps = n, seen, substeps
        self.couplings = jnp.asarray(random_couplings(n, draw))
        self.damping = jnp.asarray(float(damping))
        given = {
            "n": n,
            "draw": draw,
            "seen": seen,
            "damping": float(damping),
            "dt": float(dt),
            "substeps": substeps,
        }
        self.card = _card(given)

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Noise of about the right size."""
        return jax.random.normal(key, (self.n,))

    def tendency(self, state: Array, knobs: Knobs) -> Array:
        """The right-hand side."""
        return -self.damping * state + knobs["g"] * (self.couplings @ jnp.tanh(state))

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; deterministic, `key` is not used."""
        return rk4(self.tendency, state, forcing.at, time=time, dt=self.card.dt, substeps=self.substeps)

    def observe(self, state: Array) -> Obs:
        """The first `seen` units."""
        return {"x": state[: self.seen]}

    def lift(self, obs: Obs, background: Array) -> Array:
        """What is seen from the observation, the rest from the background."""
        return background.at[: self.seen].set(obs["x"].astype(background.dtype))


def random_couplings(n: int, draw: int) -> np.ndarray:
    """[to, from] independent Gaussian couplings of variance 1/n, none of a unit to itself."""
    couplings = np.random.default_rng(draw).normal(0.0, 1 / np.sqrt(n), (n, n))
    np.fill_diagonal(couplings, 0.0)
    return couplings


def _card(given: dict) -> WorldCard:
    facts = read_facts(__file__)
    return WorldCard(
        name="random_network",
        rung="network",
        summary=f"{given['n']} units with random couplings, {given['seen']} of them seen",
        dt=given["dt"],
        time_units="1",
        variables=(
            Variable(
                name="x", units="1", shape=(given["seen"],), dims=("unit",), scale=SCALE, obs_error=0.001 * SCALE
            ),
        ),
        knobs=(Knob(name="g", default=3.0, low=2.25, high=3.75, units="1", meaning="gain of all couplings"),),
        timescale=1 / known_value(facts, "leading_exponent", 0.13),
        spinup=100.0,
        exponents=min(given["n"], 16),
        references=("10.1103/PhysRevLett.61.259", "10.1103/PhysRevResearch.5.043044"),
        imperfect={"damping": 0.9},
        facts=facts_that_hold(facts, given, STANDARD),
    )  # fmt: skip
