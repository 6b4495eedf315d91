"""Lorenz's three equations of 1963."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.integrators import rk4
from gnomon.spec.cards import Balance, Knob, Variable, WorldCard
from gnomon.worlds.known import checked_error, facts_that_hold, known_value, read_facts

STANDARD = {"sigma": 10.0, "beta": 8 / 3, "dt": 0.025, "substeps": 5}
SCALE = {"x": 7.92, "y": 9.01, "z": 8.63}  # standard deviations at rho = 28; checked by validation/


class Lorenz63(AbstractWorld[Array]):
    r"""Convection between two plates, cut down to three modes.

    .. math::
        \dot x = \sigma (y - x), \qquad \dot y = x (\rho - z) - y, \qquad \dot z = x y - \beta z

    x is the strength of the roll, y the temperature difference between its two sides, z the departure of the vertical
    temperature profile from a straight line. sigma is the Prandtl number, beta the shape of the roll, rho (the knob)
    the Rayleigh number over its critical value. For sigma = 10 and beta = 8/3: rest for rho < 1; steady rolls for 1 <
    rho < 13.93; chaos beside stable steady rolls for 24.06 < rho < 24.74; chaos alone above (with periodic windows,
    of which the wide ones lie above rho = 90). Volumes shrink at the constant rate sigma + 1 + beta, so the exponents
    sum to -(sigma + 1 + beta). Symmetric under (x, y, z) -> (-x, -y, z).

    Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
    """

    card: WorldCard = eqx.field(static=True)
    sigma: Float[Array, ""]
    beta: Float[Array, ""]
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        sigma: float = 10.0,
        beta: float = 8 / 3,
        dt: float = 0.025,
        substeps: int = 5,
        error: float = 0.001,
    ):
        """Make the world.

        Args:
            sigma: Prandtl number.
            beta: geometric factor of the roll.
            dt: time between two observations.
            substeps: Runge-Kutta steps in each `dt`.
            error: of an observation, in standard deviations of what is observed.
        """
        self.sigma = jnp.asarray(float(sigma))
        self.beta = jnp.asarray(float(beta))
        self.substeps = substeps
        self.card = _card(float(sigma), float(beta), float(dt), substeps, error)

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Near the z axis: such states are thrown out along the unstable manifold of the origin, not into the eyes."""
        return jnp.asarray([0.0, 0.0, 25.0]) + jnp.asarray([1.0, 1.0, 5.0]) * jax.random.normal(key, (3,))

    def tendency(self, state: Array, knobs: Knobs) -> Array:
        """The right-hand side."""
        x, y, z = state
        return jnp.stack([self.sigma * (y - x), x * (knobs["rho"] - z) - y, x * y - self.beta * z])

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; deterministic, `key` is not used."""
        return rk4(self.tendency, state, forcing.at, time=time, dt=self.card.dt, substeps=self.substeps)

    def observe(self, state: Array) -> Obs:
        """All three variables."""
        return {"x": state[0], "y": state[1], "z": state[2]}

    def lift(self, obs: Obs, background: Array) -> Array:
        """The observation is the state."""
        return jnp.stack([obs["x"], obs["y"], obs["z"]]).astype(background.dtype)


def _card(sigma: float, beta: float, dt: float, substeps: int, error: float) -> WorldCard:
    facts = read_facts(__file__)
    given = {"sigma": sigma, "beta": beta, "dt": dt, "substeps": substeps}
    meaning = {
        "x": "strength of the roll",
        "y": "temperature difference across the roll",
        "z": "departure of the temperature profile from a straight line",
    }
    return WorldCard(
        name="lorenz63",
        rung="flow",
        summary="convection cut down to three equations: two eyes, one attractor",
        dt=dt,
        time_units="1",
        variables=tuple(
            Variable(name=name, units="1", scale=SCALE[name], obs_error=checked_error(error) * SCALE[name])
            for name in meaning
        ),
        knobs=(
            Knob(
                name="rho",
                default=28.0,
                low=26.0,
                high=30.0,
                units="1",
                meaning="heating: the Rayleigh number over its critical value",
            ),
        ),
        timescale=1 / known_value(facts, "leading_exponent", 0.9056),
        spinup=30.0,
        exponents=3,
        references=("10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2", "10.1007/978-1-4612-5767-7"),
        imperfect={"beta": 2.5},
        balances=(
            Balance(
                name="z budget",
                kind="stationary",
                scale=80.0,
                units="1",
                terms=((1.0, ("x", "y")), (-beta, ("z",))),
            ),
            Balance(
                name="z squared budget",
                kind="stationary",
                scale=2260.0,
                units="1",
                terms=((1.0, ("x", "y", "z")), (-beta, ("z", "z"))),
            ),
        ),
        facts=facts_that_hold(facts, given, STANDARD),
    )
