"""A first look at a system of which nothing is computed yet: its scales, its period, a step length, an exponent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.adaptive import OUTCOMES, REACHED, solve
from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.record import Record

POINTS = 4000
LANES = 8
TURNS = 40  # what counts as long: so many periods
SAMPLES_A_PERIOD = 30
CLOSE = 1e-6  # error of one dt over the spread
ROUGH = 1e-3  # where the right-hand side jumps or kinks: no fixed step is exact across the jump
COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100, 128, 160, 200, 256, 320, 400)

Rhs = Callable[[Sequence[Any], Mapping[str, Any]], Sequence[Any]]


class Look(NamedTuple):
    """What the first orbits tell.

    Attributes:
        dt: a thirtieth of the period.
        substeps: inner steps of the scheme with which one `dt` is right.
        period: twice the mean time between crossings of the mean.
        spread: [component] standard deviations.
        last: [lane, component] where the orbits ended.
    """

    dt: float
    substeps: int
    period: float
    spread: np.ndarray
    last: np.ndarray


def survey(
    rhs: Rhs,
    parameters: dict[str, float],
    state: tuple[str, ...],
    start: tuple[float, ...],
    *,
    angles: Mapping[str, float],
    knob: str,
    step: Callable[..., Any],
    kick: float = 0.02,
    smooth: bool = True,
) -> Record:
    """A record without facts, good enough to run a system: everything in it is an estimate from eight short orbits.

    Args:
        rhs: the right-hand side.
        parameters: its parameters.
        state: names of the components.
        start: where the orbits begin.
        angles: component -> period.
        knob: the parameter whose training range becomes a twentieth of its value to both sides.
        step: the scheme by which the world is stepped, as in `numerics.integrators.rk4`.
        kick: standard deviation of the starts about `start`, in units of 0.01 + |start|.
        smooth: whether the right-hand side is differentiable.
    """
    with jax.enable_x64(True):
        seen = look(rhs, parameters, state, start, angles=angles, step=step, kick=kick, smooth=smooth)
        f = tendency_of(rhs, parameters)
        rate = float(_leading_exponent(f, jnp.asarray(seen.last), seen.dt, jnp.asarray(seen.spread)))
    turned = parameters[knob]
    other = next((k for k, v in parameters.items() if k != knob and v), None)
    return Record(
        dt=seen.dt,
        substeps=seen.substeps,
        timescale=rounded(1 / rate if rate * seen.period > 0.01 else 10 * seen.period, 3),
        spinup=rounded(TURNS * seen.period),
        low=turned - 0.05 * (abs(turned) or 1.0),
        high=turned + 0.05 * (abs(turned) or 1.0),
        spread=dict(zip(state, map(float, seen.spread), strict=True)),
        imperfect={other: 1.02 * parameters[other]} if other else {},
    )


def look(
    rhs: Rhs,
    parameters: dict[str, float],
    state: tuple[str, ...],
    start: tuple[float, ...],
    *,
    angles: Mapping[str, float],
    step: Callable[..., Any],
    kick: float = 0.02,
    smooth: bool = True,
) -> Look:
    """Scales, period and step length from eight orbits; needs double precision."""
    f = tendency_of(rhs, parameters)
    first = np.asarray(start, float)
    rng = np.random.default_rng(0)
    starts = jnp.asarray(first + kick * (0.01 + np.abs(first)) * rng.standard_normal((LANES, len(first))))
    span = _turnover(f, starts)
    orbits, period = _long_orbits(f, starts, span, [angles.get(s, 0.0) for s in state])
    moving = orbits.reshape(-1, len(state)).std(0)
    for name, size, begin in zip(state, moving, first, strict=True):
        if not size > 1e-12 * (1 + abs(begin)):
            raise BadSpec(
                f"the component {name!r} does not vary along orbits from {start}; is this a rest state?"
            )
    spread = np.asarray([angles[s] / 4 if s in angles else x for s, x in zip(state, moving, strict=True)])
    dt = rounded(period / SAMPLES_A_PERIOD)
    points = jnp.asarray(orbits[:, :: POINTS // 8].reshape(-1, len(state)))
    substeps = enough_substeps(f, points, dt, jnp.asarray(spread), step, CLOSE if smooth else ROUGH)
    return Look(dt, substeps, period, spread, orbits[:, -1])


def tendency_of(rhs: Rhs, parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The right-hand side as a function of one array alone."""
    return lambda u: jnp.stack(jnp.broadcast_arrays(*rhs(u, parameters)))


def rounded(value: float, digits: int = 2) -> float:
    """A number to so many digits, so that what is computed anew rarely changes."""
    return float(f"{value:.{digits - 1}e}")


def enough_substeps(
    f: Callable[[Any], Any],
    points: Any,
    dt: float,
    spread: Any,
    step: Callable[..., Any],
    close: float = CLOSE,
) -> int:
    """The least number of inner steps with which one `dt` is right to `close` of the spread at 99 % of the points."""
    exact = jax.jit(
        jax.vmap(lambda u: solve(f, u, jnp.asarray([0.0, dt]), rtol=1e-11, atol=1e-13).states[-1])
    )(points)

    @jax.jit
    def ended(u: Any, count: Any) -> Any:
        def inner(
            _: Any, y: Any
        ) -> Any:  # one inner step at a time, so that all counts share one compilation
            return step(lambda v, _: f(v), y, lambda t: {"t": t * 1.0}, time=0.0, dt=dt / count, substeps=1)

        return jax.vmap(lambda x: jax.lax.fori_loop(0, count, inner, x))(u)

    for count in COUNTS:
        gap = jnp.abs(ended(points, count) - exact) / spread
        if float(jnp.quantile(gap.max(1), 0.99)) < close:
            return count
    raise BadSpec(f"even {COUNTS[-1]} steps in dt = {dt:g} are not exact to {close:g}; is the system stiff?")


def _turnover(f: Callable[[Any], Any], starts: Any) -> float:
    """A time in which states near the start change a little: |u| / |du/dt|."""
    slopes = jax.jit(jax.vmap(f))(starts)
    if not bool(jnp.isfinite(slopes).all()):
        raise BadSpec("the right-hand side is not finite at the declared start")
    return float(jnp.median(jnp.linalg.norm(starts, axis=1) / (jnp.linalg.norm(slopes, axis=1) + 1e-12)))


def _long_orbits(
    f: Callable[[Any], Any], starts: Any, span: float, turns: list[float]
) -> tuple[np.ndarray, float]:
    """[lane, time, component] over some 40 periods after as many were left out, and the period."""

    @jax.jit
    def run(u: Any, length: Any) -> Any:
        times = jnp.linspace(0.0, length, POINTS)
        return jax.vmap(lambda x: solve(f, x, times, rtol=1e-7, atol=1e-9, max_steps=400_000))(u)

    length, states, period, orbits = 20 * span, starts, np.inf, np.zeros(())
    for _ in range(14):
        found = run(states, length)
        worst = int(np.max(np.asarray(found.outcome)))
        if worst != REACHED:
            raise BadSpec(f"an orbit from the declared start could not be followed: {OUTCOMES[worst]}")
        orbits = np.asarray(found.states)
        states = jnp.asarray(orbits[:, -1])
        period = mean_period(_waves(orbits, turns), length)
        if TURNS * period <= length <= 4 * TURNS * period:
            return orbits, period
        length = min(max(2 * TURNS * period, length / 20), 6 * length) if np.isfinite(period) else 4 * length
    if np.isfinite(period):
        return orbits, period
    raise BadSpec("the orbits do not oscillate: no period was found")


def _waves(orbits: np.ndarray, turns: list[float]) -> np.ndarray:
    """Components that are no angles; where all are, their cosines. `turns`: period of an angle, 0 for others."""
    plain = [i for i, turn in enumerate(turns) if not turn]
    return orbits[..., plain] if plain else np.cos(2 * np.pi * orbits / np.asarray(turns))


def mean_period(orbits: np.ndarray, length: float) -> float:
    """Twice the mean time between crossings of the mean, of the component that crosses in the median."""
    sides = orbits > orbits.mean((0, 1))
    crossings = (sides[:, 1:] != sides[:, :-1]).sum(1).mean(0)
    count = float(np.median(crossings))
    return 2 * length / count if count >= 4 else np.inf


def _leading_exponent(f: Callable[[Any], Any], states: Any, dt: float, spread: Any) -> Any:
    """Mean growth rate of a tangent vector over 40 periods, by the adaptive solver."""
    steps = TURNS * SAMPLES_A_PERIOD

    def both(w: Any) -> Any:
        n = w.size // 2
        value, push = jax.jvp(f, (w[:n],), (w[n:],))
        return jnp.concatenate([value, push])

    @jax.jit
    def run(u: Any) -> Any:
        def block(w: Any, _: None) -> tuple[Any, Any]:
            end = solve(both, w, jnp.asarray([0.0, 10 * dt]), rtol=1e-7, atol=1e-9).states[-1]
            n = u.size
            size = jnp.linalg.norm(end[n:])
            return jnp.concatenate([end[:n], end[n:] / size]), jnp.log(size)

        vector = spread / jnp.linalg.norm(spread)
        growth = jax.lax.scan(block, jnp.concatenate([u, vector]), None, length=steps // 10)[1]
        return growth[steps // 40 :].mean() / (10 * dt)

    return jnp.mean(jax.vmap(run)(states))
