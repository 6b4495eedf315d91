"""The Kuramoto-Sivashinsky equation on a ring."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractExaminedWorld, Obs, Time
from gnomon.numerics.integrators import Etdrk4
from gnomon.spec.cards import Balance, Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.field.driven_ring import check_numbers
from gnomon.worlds.field.ring_health import checked_ring_step, ring_outcome
from gnomon.worlds.known import UNMEASURED, facts_that_hold, known_value, read_facts

STANDARD = {
    "length": 60.0, "points": 64, "grid": 128, "growth": 1.0, "hyperviscosity": 1.0, "dt": 0.5, "substeps": 5,
}  # fmt: skip
SCALE = 1.31  # standard deviation of u without a drive; checked by validation/
FAST = 3 * SCALE  # a large u, for the check of the inner step
WAVES = 2  # of the pattern along the ring
# The edge of the training range: large enough to see its mean response in 50 Lyapunov times (two and a half
# standard deviations), small enough that the field stays chaotic at four times as much (at six times it comes to rest).
AMPLITUDE = 0.0125


class KuramotoSivashinsky(AbstractExaminedWorld[Array]):
    r"""Flame fronts, thin films, phase waves: the simplest field that is chaotic in space and time.

    .. math::
        u_t + u u_x + a u_{xx} + b u_{xxxx} = A(t) p(x), \qquad p(x) = \cos(2 \pi m x / L), \quad u(x + L) = u(x)

    a (`growth`) feeds waves longer than 2 pi sqrt(b/a), b (`hyperviscosity`) removes the short ones, the quadratic
    term carries energy between them; A (the knob `drive`) pushes on a large wave, m = 2. The spatial mean is a
    constant of motion; its frame of reference is chosen so that it is zero, and states are kept in that space.
    Without a drive the equation is the same at every x and under u(x) -> -u(-x); a drive of the other sign is the
    same world moved by a quarter of the ring. Chaos is extensive: the number of positive exponents and the dimension
    grow with L. The energy budget is a <u_x^2> - b <u_xx^2> + A <p u> = 0 on the attractor.

    L = 60 and not the usual 64, because there the chaos does not last: a steady state of eight equal cells attracts
    too, it survives most kicks of a fifth of the standard deviation of u, and of 128 trajectories 6 came to rest in it
    within 4000 time units. At L = 60 that state is barely stable and lost after kicks of three hundredths, and none of
    128 trajectories came to rest, without a drive and at one, two and four times the largest drive of the training
    range (fact `collapse_rate`). `python -m validation kuramoto_sivashinsky` prints all of this. `length=64.0` makes
    the usual ring; no facts hold for it.

    The imperfect twin has a and b larger by a tenth: all linear rates are wrong, the ratio that sets which waves grow
    is not, so it does not come to rest either. With b alone larger it does, as on a shorter ring.

    Solved by a Fourier method on `grid` points (products cut at two thirds) with exponential time differencing of
    fourth order; observed on `points` points.

    Kuramoto and Tsuzuki (1976), doi:10.1143/PTP.55.356; Sivashinsky (1977), doi:10.1016/0094-5765(77)90096-0.
    """

    card: WorldCard = eqx.field(static=True)
    scheme: Etdrk4
    slope: Float[Array, " mode"]
    pattern: Float[Array, " grid"]
    unstable: int = eqx.field(static=True)  # waves longer than the neutral one
    points: int = eqx.field(static=True)
    grid: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        length: float = 60.0,
        points: int = 64,
        grid: int = 128,
        growth: float = 1.0,
        hyperviscosity: float = 1.0,
        dt: float = 0.5,
        substeps: int = 5,
    ):
        """Make the world.

        Args:
            length: of the ring.
            points: observed, even; `grid` is a multiple of it.
            grid: points of the solver.
            growth: a, the coefficient of u_xx.
            hyperviscosity: b, the coefficient of u_xxxx.
            dt: time between two observations.
            substeps: inner steps in each `dt`.
        """
        _check(points, grid, substeps, length=length, growth=growth, hyperviscosity=hyperviscosity, dt=dt)
        k = 2 * np.pi / length * np.arange(grid // 2 + 1)
        kept = np.arange(grid // 2 + 1) <= grid // 3
        self.scheme = Etdrk4(growth * k**2 - hyperviscosity * k**4, dt / substeps)
        checked_ring_step("kuramoto_sivashinsky", FAST, self.scheme, k * kept, dt / substeps)
        self.slope = jnp.asarray(-0.5 * k * kept)
        self.pattern = jnp.asarray(_pattern(grid))
        self.unstable = max(2, round(length / 2 / np.pi))
        self.points = points
        self.grid = grid
        self.substeps = substeps
        self.card = _card(
            length=float(length), points=points, grid=grid, growth=float(growth),
            hyperviscosity=float(hyperviscosity), dt=float(dt), substeps=substeps,
        )  # fmt: skip

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Smooth noise: random phases on the waves that grow."""
        waves = jax.random.normal(key, (2, self.grid // 2 + 1))
        number = np.arange(self.grid // 2 + 1)
        band = (number > 0) & (number <= self.unstable)
        spectrum = jnp.asarray(np.where(band, 0.2 * self.grid / 2, 0.0)) * (waves[0] + 1j * waves[1])
        return jnp.fft.irfft(spectrum, self.grid)

    def evolve(self, spectrum: Array, forcing: Forcing, *, time: Time) -> Array:
        """The solver: the Fourier coefficients `card.dt` later. It leaves the zeroth, the mean, as it is."""
        pattern = jnp.fft.rfft(self.pattern)

        def nonlinear(v: Array, knobs: Knobs) -> Array:
            u = jnp.fft.irfft(v, self.grid)
            return 1j * self.slope * jnp.fft.rfft(u * u) + knobs["drive"] * pattern

        return self.scheme.advance(
            nonlinear, spectrum, forcing.at, time=time, dt=self.card.dt, substeps=self.substeps
        )

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; deterministic, `key` is not used."""
        # Taking the mean out keeps tangent vectors in the space of states too: without it the free choice of the
        # frame of reference would add one zero to the Lyapunov exponents and one to the dimension.
        return jnp.fft.irfft(self.evolve(jnp.fft.rfft(state - state.mean()), forcing, time=time), self.grid)

    def observe(self, state: Array) -> Obs:
        """Every (grid / points)-th point of the solver's grid."""
        return {"u": state[:: self.grid // self.points]}

    def outcome(self, state: Array) -> str:
        """Of a state: `ring_health`."""
        u, step = np.asarray(state, float), self.card.dt / self.substeps
        kept = 2 * np.abs(np.asarray(self.slope, float))
        return ring_outcome(state, u, float(np.max(np.abs(u))), self.scheme, kept, step)

    def lift(self, obs: Obs, background: Array) -> Array:
        """The background plus the smoothest field that closes the gap to the observation; its mean is zero.

        Waves too short to be seen on the observed points are the background's own.
        """
        gap = obs["u"].astype(background.dtype) - self.observe(background)["u"]
        spectrum = jnp.fft.rfft(gap - gap.mean())
        # the shortest wave the observed points can hold stands for two waves of the finer grid, half each
        last = 1.0 if self.grid == self.points else 0.5
        spectrum = spectrum.at[-1].multiply(last) * (self.grid / self.points)
        padded = jnp.zeros(self.grid // 2 + 1, spectrum.dtype).at[: spectrum.size].set(spectrum)
        state = background + jnp.fft.irfft(padded, self.grid)
        return state - state.mean()


def _check(
    points: int, grid: int, substeps: int, *, length: float, growth: float, hyperviscosity: float, dt: float
) -> None:
    """Raise `BadSpec` where an argument cannot be used."""
    if points < 4 or points % 2 or grid < points or grid % points or substeps < 1:
        raise BadSpec(
            f"kuramoto_sivashinsky: expected an even number of points of which grid is a multiple and at least one "
            f"substep, got points = {points}, grid = {grid} and substeps = {substeps}"
        )
    check_numbers(
        "kuramoto_sivashinsky", positive=dict(length=length, hyperviscosity=hyperviscosity, dt=dt),
        not_negative=dict(growth=growth), finite={},
    )  # fmt: skip
    growing = int(length / 2 / np.pi * np.sqrt(growth / hyperviscosity))
    if growing > grid // 3:
        # beyond the cut nothing carries away what they gain
        raise BadSpec(
            f"kuramoto_sivashinsky: not resolved: waves up to number {growing} grow, and a grid of {grid} keeps those "
            f"up to {grid // 3}; take a finer grid"
        )


def _pattern(points: int) -> np.ndarray:
    return np.cos(2 * np.pi * WAVES * np.arange(points) / points)


def _field(points: int) -> Variable:
    return Variable(
        name="u",
        units="1",
        shape=(points,),
        dims=("x",),
        scale=SCALE,
        obs_error=0.001 * SCALE,
        homogeneous=True,
    )


def _card(
    *, length: float, points: int, grid: int, growth: float, hyperviscosity: float, dt: float, substeps: int
) -> WorldCard:
    facts = read_facts(__file__)
    given = {
        "length": length, "points": points, "grid": grid, "growth": growth,
        "hyperviscosity": hyperviscosity, "dt": dt, "substeps": substeps,
    }  # fmt: skip
    holding = facts_that_hold(facts, given, STANDARD)
    return WorldCard(
        name="kuramoto_sivashinsky",
        rung="field",
        summary=f"a field on a ring of length {length:g}, chaotic in space and time, with a push on a large wave",
        dt=dt,
        time_units="1",
        variables=(_field(points),),
        knobs=(
            Knob(
                name="drive",
                default=0.0,
                low=-AMPLITUDE,
                high=AMPLITUDE,
                units="1",
                meaning="amplitude of a push on the wave that fits twice into the ring",
                pattern=tuple(float(f"{p:.15g}") for p in _pattern(points)),
            ),
        ),
        timescale=1 / known_value(facts, "leading_exponent", 0.082),
        spinup=200.0,
        exponents=20,
        references=("10.1143/PTP.55.356", "10.1016/0094-5765(77)90096-0", "10.1017/S1446181119000105"),
        # of a = 0 a tenth more would be nothing: b is wrong still
        imperfect={"growth": 1.1 * growth, "hyperviscosity": 1.1 * hyperviscosity},
        length=length,
        balances=(
            Balance(name="mean", kind="conserved", scale=SCALE, units="1", terms=((1.0, ("u",)),)),
            Balance(
                name="energy",
                kind="stationary",
                scale=0.0436,
                units="1",
                terms=(
                    (growth, ("u:1", "u:1")),
                    (-hyperviscosity, ("u:2", "u:2")),
                    (1.0, ("drive", "drive:pattern", "u")),
                ),
            ),
        ),
        facts=holding,
        limits=() if holding else (UNMEASURED,),
        version=2,
    )
