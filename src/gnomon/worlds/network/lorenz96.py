"""Lorenz's ring of coupled sites of 1996."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.integrators import rk4
from gnomon.spec.cards import Balance, Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.known import checked_error, facts_that_hold, known_value, read_facts

STANDARD = {"n": 40, "damping": 1.0, "dt": 0.05, "substeps": 5}
SCALE = 3.64  # standard deviation of one site at F = 8; checked by validation/


class Lorenz96(AbstractWorld[Array]):
    r"""A quantity on a circle of latitude, advected, damped and driven.

    .. math::
        \dot X_i = (X_{i+1} - X_{i-2}) X_{i-1} - c X_i + F, \qquad i = 1 \dots n, \quad X_{i+n} = X_i

    The quadratic term conserves the energy sum(X^2)/2; c (`damping`) removes it and F (the knob) supplies it, so that
    F <X> = c <X^2> on the attractor. One time unit stands for about five days. For n = 40 and c = 1: rest for F <
    8/9, travelling waves up to about F = 4, chaos above about 4.5, with thirteen positive exponents at F = 8. The
    exponents sum to -c n. Statistics are the same at all sites.

    Lorenz (1996), Predictability: a problem partly solved, doi:10.1017/CBO9780511617652.004.
    """

    card: WorldCard = eqx.field(static=True)
    damping: Float[Array, ""]
    n: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        n: int = 40,
        damping: float = 1.0,
        dt: float = 0.05,
        substeps: int = 5,
        error: float = 0.001,
    ):
        """Make the world.

        Args:
            n: number of sites, at least 4.
            damping: rate c of linear damping.
            dt: time between two observations.
            substeps: Runge-Kutta steps in each `dt`.
            error: of an observation, in standard deviations of what is observed.
        """
        if n < 4:
            raise BadSpec(f"lorenz96 needs at least 4 sites (i-2, i-1, i and i+1 must differ), got n = {n}")
        self.n = n
        self.damping = jnp.asarray(float(damping))
        self.substeps = substeps
        self.card = _card(n, float(damping), float(dt), substeps, error)

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Noise about a state of about the right energy."""
        return 2.0 + 3.0 * jax.random.normal(key, (self.n,))

    def tendency(self, state: Array, knobs: Knobs) -> Array:
        """The right-hand side."""
        return self.advection(state) - self.damping * state + knobs["F"]

    def advection(self, state: Array) -> Array:
        """The quadratic term, which conserves the energy sum(X^2)/2."""
        return (jnp.roll(state, -1) - jnp.roll(state, 2)) * jnp.roll(state, 1)

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; deterministic, `key` is not used."""
        return rk4(self.tendency, state, forcing.at, time=time, dt=self.card.dt, substeps=self.substeps)

    def observe(self, state: Array) -> Obs:
        """Every site."""
        return {"x": state}

    def lift(self, obs: Obs, background: Array) -> Array:
        """The observation is the state."""
        return obs["x"].astype(background.dtype)


def _card(n: int, damping: float, dt: float, substeps: int, error: float) -> WorldCard:
    facts = read_facts(__file__)
    given = {"n": n, "damping": damping, "dt": dt, "substeps": substeps}
    return WorldCard(
        name="lorenz96",
        rung="network",
        summary=f"a ring of {n} sites: advection, damping and a constant push",
        dt=dt,
        time_units="1",
        variables=(
            Variable(
                name="x",
                units="1",
                shape=(n,),
                dims=("x",),
                scale=SCALE,
                obs_error=checked_error(error) * SCALE,
                homogeneous=True,
            ),
        ),
        knobs=(
            Knob(
                name="F",
                default=8.0,
                low=6.0,
                high=10.0,
                units="1",
                meaning="the constant push on every site",
            ),
        ),
        timescale=1 / known_value(facts, "leading_exponent", 1.69),
        spinup=20.0,
        exponents=min(n, 32),
        references=("10.1017/CBO9780511617652.004", "10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2"),
        imperfect={"damping": 0.8},
        length=float(n),
        balances=(
            Balance(
                name="energy",
                kind="stationary",
                scale=2.28,
                units="1",
                terms=((1.0, ("F", "x")), (-damping, ("x", "x"))),
            ),
        ),
        facts=facts_that_hold(facts, given, STANDARD),
    )
