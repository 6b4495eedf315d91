"""What Burgers and Korteweg-de Vries share: a field on a ring, pushed on its longest waves by Lorenz's equations."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractExaminedWorld, Obs, Time
from gnomon.numerics.integrators import stage_knobs
from gnomon.numerics.ring import RingEquation, spread
from gnomon.spec.cards import Balance, Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.field.chaotic_push import push_path, push_start
from gnomon.worlds.field.ring_health import checked_ring_step, ring_outcome

PUSHES = ("push_1", "push_2", "push_3")  # amplitudes of cos x, sin 2x, cos 3x (x in turns of the ring)


class AbstractDrivenRing(AbstractExaminedWorld[Array]):
    """A `RingEquation` under three patterns with Lorenz's amplitudes; the state is the field, then the amplitudes.

    The mean of the field is its frame of reference: states are kept in the space where it is zero. `evolve` is the
    solver alone and keeps any mean.
    """

    equation: eqx.AbstractVar[RingEquation]
    patterns: eqx.AbstractVar[Complex[Array, "push mode"]]
    pace: eqx.AbstractVar[Float[Array, ""]]
    points: eqx.AbstractVar[int]
    substeps: eqx.AbstractVar[int]

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Smooth noise on the longest waves, and a push from the basin of Lorenz's attractor."""
        field, push = jax.random.split(key)
        grid = self.equation.grid
        waves = jax.random.normal(field, (2, 4))
        spectrum = jnp.zeros(grid // 2 + 1, waves.dtype) + 0j
        spectrum = spectrum.at[1:5].set((waves[0] + 1j * waves[1]) * self.card.variables[0].scale * grid / 8)
        return jnp.concatenate([jnp.fft.irfft(spectrum, grid), push_start(push)])

    def evolve(self, spectrum: Array, push: Array, forcing: Forcing, *, time: Time) -> tuple[Array, Array]:
        """The solver: Fourier coefficients and amplitudes `card.dt` later; without a drive the mean stays."""
        h = self.card.dt / self.substeps
        push, path = push_path(push, self.pace, h=h, substeps=self.substeps)
        knobs = stage_knobs(forcing.at, time=time, dt=self.card.dt, substeps=self.substeps)
        stages = {"push": (knobs["drive"][..., None] * path).astype(path.dtype)}
        return self.equation.pushed(spectrum, stages, self.patterns), push

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; deterministic, `key` is not used."""
        grid = self.equation.grid
        u, push = state[:grid], state[grid:]
        # without this the free choice of the frame would add an exponent that belongs to no motion
        spectrum, push = self.evolve(jnp.fft.rfft(u - u.mean()), push, forcing, time=time)
        return jnp.concatenate([jnp.fft.irfft(spectrum, grid), push])

    def observe(self, state: Array) -> Obs:
        """Every (grid / points)-th point of the solver's grid, and the amplitudes."""
        grid = self.equation.grid
        amplitudes = dict(zip(PUSHES, state[grid:], strict=True))
        return {"u": state[: grid : grid // self.points]} | amplitudes

    def outcome(self, state: Array) -> str:
        """Of a state: `ring_health`."""
        u, equation = np.asarray(state, float)[: self.equation.grid], self.equation
        weights = np.asarray(equation.weights, float)
        speeds = sum(w * (p + 1) * u**p for w, p in zip(weights, equation.powers, strict=True))
        step, cut = self.card.dt / self.substeps, np.abs(np.asarray(equation.slope))
        return ring_outcome(state, u, float(np.max(np.abs(speeds))), equation.scheme, cut, step)

    def lift(self, obs: Obs, background: Array) -> Array:
        """The background plus the smoothest field that closes the gap to the observation, its mean zero."""
        grid = self.equation.grid
        gap = obs["u"].astype(background.dtype) - self.observe(background)["u"]
        field = background[:grid] + spread(gap - gap.mean(), grid)
        push = jnp.stack([obs[name].astype(background.dtype) for name in PUSHES])
        return jnp.concatenate([field - field.mean(), push])


def push_patterns(grid: int) -> np.ndarray:
    """The three fields that are pushed [push, grid]."""
    turn = 2 * np.pi * np.arange(grid) / grid
    return np.stack([np.cos(turn), np.sin(2 * turn), np.cos(3 * turn)])


def check_grid(world: str, points: int, grid: int, substeps: int) -> None:
    """Raise `BadSpec` where a ring cannot be observed or stepped as asked."""
    if points < 4 or points % 2 or grid < points or grid % points or substeps < 1:
        raise BadSpec(
            f"{world}: expected an even number of points of which grid is a multiple and at least one substep, "
            f"got points = {points}, grid = {grid} and substeps = {substeps}"
        )


def check_numbers(
    world: str, *, positive: dict[str, float], not_negative: dict[str, float], finite: dict[str, float]
) -> None:
    """Raise `BadSpec` where a coefficient cannot be used."""
    for name, value in finite.items():
        if not np.isfinite(value):
            raise BadSpec(f"{world}: {name} must be finite, got {value}")
    for name, value in (positive | not_negative).items():
        if not np.isfinite(value) or value < 0 or (name in positive and value == 0):
            kind = "positive" if name in positive else "finite and not negative"
            raise BadSpec(f"{world}: {name} must be {kind}, got {value}")


def check_step(world: str, speed: float, equation: RingEquation, step: float) -> None:
    """Raise `BadSpec` where an inner step cannot follow a typical speed."""
    checked_ring_step(world, speed, equation.scheme, np.abs(np.asarray(equation.slope)), step)


def ring_variables(points: int, scale: float) -> tuple[Variable, ...]:
    """The field and the three amplitudes, each with an observation error of a thousandth."""
    field = Variable(name="u", units="1", shape=(points,), dims=("x",), scale=scale, obs_error=0.001 * scale)
    return (field, *(Variable(name=p, units="1", scale=1.0, obs_error=0.001) for p in PUSHES))


def drive_knob(default: float) -> Knob:
    """The strength of the push, known to half and one and a half times its standard."""
    return Knob(
        name="drive", default=default, low=0.5 * default, high=1.5 * default, units="1",
        meaning="strength of the chaotic push on the three longest waves",
    )  # fmt: skip


def mean_balance(scale: float) -> Balance:
    """The mean of the field does not change: no pattern has a mean, the products are slopes."""
    return Balance(name="mean", kind="conserved", scale=scale, units="1", terms=((1.0, ("u",)),))


def driven_card(name: str, **rest: object) -> WorldCard:
    """A card with what all rings under this push have in common."""
    return WorldCard(name=name, rung="field", time_units="1", **rest)  # pyright: ignore[reportArgumentType]
