"""A network that has learned sequences, and is chaotic once it knows too many."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.hebbian_dynamics import drive
from gnomon.numerics.hebbian_sample import random_patterns
from gnomon.numerics.integrators import rk4
from gnomon.spec.cards import Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.known import facts_that_hold, known_value, read_facts

STANDARD = {
    "n": 128, "load": 1.5, "weights": (0.0, 1.0, 0.5), "draw": 2, "seen": 16, "damping": 1.0, "dt": 0.5, "substeps": 5,
}  # fmt: skip
SCALE = 0.594  # standard deviation of one overlap at g = 3.25; checked by validation/


class DeepHebbian(AbstractWorld[Array]):
    r"""Units coupled by a Hebbian rule that ties every pattern of a cycle to those that follow it.

    .. math::
        \dot x_i = -a x_i + g \sum_j J_{ij} \tanh x_j, \qquad
        J_{ij} = \frac1n \sum_{\mu=1}^{P} \sum_{r \ge 0} c_r\, \xi_i^{\mu+r} \xi_j^{\mu}

    The xi are P = load n random patterns of +-1 on a cycle, drawn once by NumPy from the seed `draw`; c_r
    (`weights`) is the weight of the delay r: c_0 stores patterns, c_1 the step to the next, more of them a wide
    window. J is asymmetric and never formed: J r = (1/n) xi^T C xi r. With a = 1 rest loses stability at g_c =
    1/max Re z, z on the edge of the spectrum (`gnomon.numerics.hebbian_edges`); beyond it come cycles that replay
    the sequence, other fixed points, or chaos, by load, weights and draw; the default draw is chaotic for all g
    from 2.5 to 6.25. What is seen are overlaps of the currents with the first `seen` patterns, (1/n) sum_i xi_i
    x_i; the rest of the state is hidden.

    Jiang, Chen, Hou and Huang (2022), Spectrum of non-Hermitian deep-Hebbian neural networks,
    doi:10.48550/arXiv.2208.11411.
    """

    card: WorldCard = eqx.field(static=True)
    patterns: Float[Array, "pattern n"]
    weights: Float[Array, " delay"]
    reader: Float[Array, "n seen"]
    damping: Float[Array, ""]
    n: int = eqx.field(static=True)
    seen: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        n: int = 128,
        load: float = 1.5,
        weights: Sequence[float] = (0.0, 1.0, 0.5),
        draw: int = 2,
        seen: int = 16,
        damping: float = 1.0,
        dt: float = 0.5,
        substeps: int = 5,
    ):
        """Make the world.

        Args:
            n: number of units.
            load: patterns for each unit.
            weights: c_0, c_1, ...: the weight of each delay; zeros leave a delay out.
            draw: seed of the patterns.
            seen: how many overlaps are observed; no more than patterns, and fewer than units.
            damping: a, rate of decay of every unit.
            dt: time between two observations.
            substeps: Runge-Kutta steps in each `dt`.
        """
        stored, weights = round(load * n), tuple(float(c) for c in weights)
        if n < 2 or not any(weights) or len(weights) > stored:
            raise BadSpec(
                f"deep_hebbian needs at least 2 units, a weight other than 0 and no delay beyond its cycle of "
                f"{stored} patterns, got n = {n}, weights = {list(weights)}"
            )
        if not 1 <= seen <= min(stored, n - 1):
            raise BadSpec(f"deep_hebbian can show 1 to {min(stored, n - 1)} overlaps, got seen = {seen}")
        self.n, self.seen, self.substeps = n, seen, substeps
        xi = random_patterns(np.random.default_rng(draw), stored, n)
        self.patterns = jnp.asarray(xi)
        self.weights = jnp.asarray(weights)
        self.reader = jnp.asarray(n * np.linalg.pinv(xi[:seen]))
        self.damping = jnp.asarray(float(damping))
        given = {
            "n": n, "load": float(load), "weights": weights, "draw": draw, "seen": seen, "damping": float(damping),
            "dt": float(dt), "substeps": substeps,
        }  # fmt: skip
        self.card = _card(given)

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Noise of about the right size."""
        return jax.random.normal(key, (self.n,))

    def tendency(self, state: Array, knobs: Knobs) -> Array:
        """The right-hand side."""
        return -self.damping * state + knobs["g"] * drive(self.patterns, self.weights, jnp.tanh(state))

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; deterministic, `key` is not used."""
        return rk4(self.tendency, state, forcing.at, time=time, dt=self.card.dt, substeps=self.substeps)

    def observe(self, state: Array) -> Obs:
        """Overlaps of the currents x with the first `seen` patterns."""
        return {"m": self.patterns[: self.seen] @ state / self.n}

    def lift(self, obs: Obs, background: Array) -> Array:
        """The state with these overlaps that is nearest to the background."""
        gap = obs["m"].astype(background.dtype) - self.observe(background)["m"]
        return background + self.reader @ gap


def _card(given: dict) -> WorldCard:
    facts = read_facts(__file__)
    return WorldCard(
        name="deep_hebbian",
        rung="network",
        summary=f"{given['n']} units that have learned a cycle of patterns, window {len(given['weights']) - 1}",
        dt=given["dt"],
        time_units="1",
        variables=(
            Variable(
                name="m", units="1", shape=(given["seen"],), dims=("pattern",), scale=SCALE, obs_error=0.001 * SCALE
            ),
        ),
        knobs=(Knob(name="g", default=3.25, low=2.5, high=4.0, units="1", meaning="gain of all couplings"),),
        timescale=1 / known_value(facts, "leading_exponent", 0.14),
        spinup=100.0,
        exponents=min(given["n"], 16),
        references=("10.48550/arXiv.2208.11411",),
        imperfect={"damping": 0.9},
        facts=facts_that_hold(facts, given, STANDARD),
    )  # fmt: skip
