"""Lorenz's ring of 1996 with a second, faster and smaller scale in every site."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.integrators import rk4
from gnomon.spec.cards import Balance, Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.known import facts_that_hold, known_value, read_facts

STANDARD = {
    "slow": 8, "fast": 8, "coupling": 1.0, "ratio_amplitude": 10.0, "ratio_time": 10.0, "damping": 1.0,
    "see_fast": False, "dt": 0.025, "substeps": 10,
}  # fmt: skip
SCALE_SLOW, SCALE_FAST = 3.70, 0.25  # standard deviations at F = 10; checked by validation/


class TwoScaleLorenz96(AbstractWorld[Array]):
    r"""A ring of slow sites, each of which drives a stretch of a ring of fast ones and is drained by it.

    .. math::
        \dot X_k &= (X_{k+1} - X_{k-2}) X_{k-1} - a X_k + F - \frac{h c}{b} \sum_{j=1}^{J} Y_{j,k} \\
        \dot Y_{j,k} &= c b\, (Y_{j-1,k} - Y_{j+2,k})\, Y_{j+1,k} - c Y_{j,k} + \frac{h c}{b} X_k

    k = 1 ... K on a ring; the Y form one ring of K J sites that runs on from Y_{J,k} to Y_{1,k+1}. The fast sites
    are c (`ratio_time`) times as quick and 1/b (`ratio_amplitude`) as large, h is the coupling, F the knob, a = 1
    (`damping`) in the original. Both quadratic terms conserve sum X^2 + sum Y^2, and so does the coupling, so that
    on the attractor F <sum X> = a <sum X^2> + c <sum Y^2>. Only X is seen by default: the classical test of a
    parametrisation of what is too small to see.

    Lorenz (1996), Predictability: a problem partly solved, doi:10.1017/CBO9780511617652.004.
    """

    card: WorldCard = eqx.field(static=True)
    coupling: Float[Array, ""]
    ratio_amplitude: Float[Array, ""]
    ratio_time: Float[Array, ""]
    damping: Float[Array, ""]
    slow: int = eqx.field(static=True)
    fast: int = eqx.field(static=True)
    see_fast: bool = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        slow: int = 8,
        fast: int = 8,
        coupling: float = 1.0,
        ratio_amplitude: float = 10.0,
        ratio_time: float = 10.0,
        damping: float = 1.0,
        see_fast: bool = False,
        dt: float = 0.025,
        substeps: int = 10,
    ):
        """Make the world.

        Args:
            slow: K, number of slow sites, at least 4.
            fast: J, fast sites to each slow one.
            coupling: h.
            ratio_amplitude: b.
            ratio_time: c.
            damping: a, rate of damping of the slow sites.
            see_fast: whether Y is observed as well.
            dt: time between two observations.
            substeps: Runge-Kutta steps in each `dt`; a step should be less than about 0.06 / c.
        """
        if slow < 4 or slow * fast < 4:
            raise BadSpec(
                f"two_scale_lorenz96 needs at least 4 slow sites and 4 fast ones, got slow = {slow}, fast = {fast}"
            )
        given = {
            "slow": slow, "fast": fast, "coupling": float(coupling), "ratio_amplitude": float(ratio_amplitude),
            "ratio_time": float(ratio_time), "damping": float(damping), "see_fast": bool(see_fast),
            "dt": float(dt), "substeps": substeps,
        }  # fmt: skip
        self.slow, self.fast, self.see_fast, self.substeps = slow, fast, bool(see_fast), substeps
        self.coupling = jnp.asarray(float(coupling))
        self.ratio_amplitude = jnp.asarray(float(ratio_amplitude))
        self.ratio_time = jnp.asarray(float(ratio_time))
        self.damping = jnp.asarray(float(damping))
        self.card = _card(given)

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Noise of about the right size on both scales."""
        noise = jax.random.normal(key, (self.slow * (1 + self.fast),))
        return jnp.concatenate([2.0 + 3.0 * noise[: self.slow], 0.1 * noise[self.slow :]])

    def split(self, state: Array) -> tuple[Array, Array]:
        """X [slow] and Y [slow * fast]."""
        return state[: self.slow], state[self.slow :]

    def advection(self, state: Array) -> Array:
        """Both quadratic terms, which conserve sum X^2 + sum Y^2."""
        x, y = self.split(state)
        slow = (jnp.roll(x, -1) - jnp.roll(x, 2)) * jnp.roll(x, 1)
        quick = (jnp.roll(y, 1) - jnp.roll(y, -2)) * jnp.roll(y, -1)
        return jnp.concatenate([slow, self.ratio_time * self.ratio_amplitude * quick])

    def exchange(self, state: Array) -> Array:
        """The coupling of the scales, which conserves sum X^2 + sum Y^2 as well."""
        x, y = self.split(state)
        strength = self.coupling * self.ratio_time / self.ratio_amplitude
        drained = -strength * y.reshape(self.slow, self.fast).sum(1)
        return jnp.concatenate([drained, strength * jnp.repeat(x, self.fast)])

    def tendency(self, state: Array, knobs: Knobs) -> Array:
        """The right-hand side."""
        x, y = self.split(state)
        local = jnp.concatenate([knobs["F"] - self.damping * x, -self.ratio_time * y])
        return self.advection(state) + self.exchange(state) + local

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; deterministic, `key` is not used."""
        return rk4(self.tendency, state, forcing.at, time=time, dt=self.card.dt, substeps=self.substeps)

    def observe(self, state: Array) -> Obs:
        """Every slow site; every fast one too with `see_fast`."""
        x, y = self.split(state)
        return {"x": x, "y": y} if self.see_fast else {"x": x}

    def lift(self, obs: Obs, background: Array) -> Array:
        """What is seen from the observation, the fast sites from the background where they are not."""
        y = obs["y"] if self.see_fast else background[self.slow :]
        return jnp.concatenate([obs["x"], y]).astype(background.dtype)


def _card(given: dict) -> WorldCard:
    facts = read_facts(__file__)
    slow, fast = given["slow"], given["fast"]
    seen = [("x", slow, SCALE_SLOW)] + ([("y", slow * fast, SCALE_FAST)] if given["see_fast"] else [])
    whole = ((slow, ("F", "x")), (-given["damping"] * slow, ("x", "x")))
    energy = Balance(
        name="energy",
        kind="stationary",
        scale=20.0,
        units="1",
        terms=(*whole, (-given["ratio_time"] * slow * fast, ("y", "y"))),
    )
    return WorldCard(
        name="two_scale_lorenz96",
        rung="network",
        summary=f"a ring of {slow} slow sites, each with {fast} fast ones that are "
        + ("seen" if given["see_fast"] else "not seen"),
        dt=given["dt"],
        time_units="1",
        variables=tuple(
            Variable(
                name=name, units="1", shape=(n,), dims=(name,), scale=scale, obs_error=0.001 * scale,
                homogeneous=True,
            )
            for name, n, scale in seen
        ),
        knobs=(
            Knob(
                name="F", default=10.0, low=8.0, high=12.0, units="1", meaning="the constant push on every slow site"
            ),
        ),
        timescale=1 / known_value(facts, "leading_exponent", 9.2),
        spinup=20.0,
        exponents=min(slow * (1 + fast), 32),
        references=("10.1017/CBO9780511617652.004",),
        imperfect={"damping": 0.8},
        length=float(slow),
        balances=(energy,) if given["see_fast"] else (),
        facts=facts_that_hold(facts, given, STANDARD),
    )  # fmt: skip
