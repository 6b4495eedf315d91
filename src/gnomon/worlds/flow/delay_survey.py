"""A first look at a delay equation of which nothing is computed yet: spread, period, step length, an exponent."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.delay_kernel import History, advance, smooth_history
from gnomon.worlds.flow.record import Record
from gnomon.worlds.flow.survey import CLOSE, SAMPLES_A_PERIOD, TURNS, mean_period, rounded

LANES = 8
COARSE = 200  # steps a delay in the exploring runs
FINE = 1200  # in the run that counts as exact
COUNTS = (20, 30, 40, 60, 80, 120, 200, 300, 400, 600)  # of FINE
DELAYS = 100  # what counts as long: so many delays

Rhs = Callable[[Any, Any], Any]


def survey(
    rhs: Rhs, delay: float, start: float, spread: float, *, angle: float, low: float, high: float
) -> Record:
    """A record without facts, from eight runs: `substeps` steps make one `dt`, and the delay is a multiple of them.

    Args:
        rhs: (x, x one delay ago) -> dx/dt.
        delay: its length.
        start: mean of the first histories.
        spread: their standard deviation.
        angle: the period, where x is an angle; else 0.
        low: lower end of the training range of the knob.
        high: its upper end.
    """
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(0), LANES)
        first = jax.vmap(lambda k: smooth_history(start, spread, delay, COARSE, key=k))(keys)
        settled, _ = follow(rhs, first, delay, DELAYS)
        settled, course = follow(rhs, settled, delay, DELAYS)
        if not np.isfinite(course).all():
            raise BadSpec(f"a history about {start} leads to numbers that are not finite; another start?")
        turns = 2 * np.pi * course / (angle or 1.0)
        shown = np.stack([np.cos(turns), np.sin(turns)], -1) if angle else course[..., None]
        size, period = float(angle / 4 or course.std()), mean_period(shown, DELAYS * delay)
        if not (size > 1e-9 and np.isfinite(period)):
            raise BadSpec(f"histories about {start} come to rest; there is nothing to observe")
        nodes = enough_nodes(rhs, keys, start, spread, delay, size, period / SAMPLES_A_PERIOD)
        substeps = min(nodes, max(1, round(period / SAMPLES_A_PERIOD * nodes / delay)))
        rate = leading_exponent(rhs, settled, delay, DELAYS)
    return Record(
        dt=substeps * delay / nodes,
        substeps=substeps,
        timescale=rounded(1 / rate if rate * period > 0.01 else 10 * period, 3),
        spinup=rounded(max(TURNS * period, 20 * delay)),
        low=low,
        high=high,
        spread={"x": size},
    )


def follow(rhs: Rhs, histories: History, delay: float, delays: int) -> tuple[History, np.ndarray]:
    """The histories so many delays later, and [lane, time] the course in between."""
    nodes = histories.slopes.shape[1]

    @functools.partial(jax.jit, static_argnums=1)
    def run(first: History, length: int) -> tuple[History, Any]:
        def block(h: History, _: None) -> tuple[History, Any]:
            moved = _one_delay(rhs, h, delay, nodes)
            return moved, moved.values[1:]

        return jax.vmap(lambda h: jax.lax.scan(block, h, None, length=length))(first)

    last, course = run(histories, delays)
    return last, np.asarray(course).reshape(len(course), -1)


def leading_exponent(rhs: Rhs, histories: History, delay: float, delays: int) -> float:
    """Mean growth rate of a tangent vector over so many delays."""
    nodes = histories.slopes.shape[1]

    def one(h: History) -> Any:
        def block(carry: tuple[History, History], _: None) -> Any:
            moved, pushed = jax.jvp(lambda x: _one_delay(rhs, x, delay, nodes), (carry[0],), (carry[1],))
            norm = jnp.linalg.norm(pushed.values)
            return (moved, jax.tree.map(lambda a: a / norm, pushed)), jnp.log(norm)

        vector = jax.tree.map(jnp.ones_like, h)._replace(slopes=jnp.zeros_like(h.slopes))
        return jax.lax.scan(block, (h, vector), None, length=delays)[1]

    growth = jax.jit(jax.vmap(one))(histories)
    return float(growth[:, delays // 10 :].mean() / delay)


def enough_nodes(
    rhs: Rhs, keys: Any, start: float, spread: float, delay: float, size: float, dt: float
) -> int:
    """The least number of steps a delay with which two delays are right to `CLOSE` of the spread for every `dt`."""
    first = jax.vmap(lambda k: smooth_history(start, spread, delay, FINE, key=k))(keys)
    settled, _ = follow(rhs, first, delay, 10)
    exact = follow(rhs, settled, delay, 2)[0].values[:, -1]
    for count in COUNTS:
        every = FINE // count
        thin = History(settled.values[:, ::every], settled.slopes[:, ::every])
        gap = jnp.abs(follow(rhs, thin, delay, 2)[0].values[:, -1] - exact) / size
        if count * dt >= delay and float(gap.max()) < CLOSE * max(1.0, 2 * delay / dt):
            return count
    raise BadSpec(f"even {COUNTS[-1]} steps a delay are not exact to {CLOSE:g}; is the equation stiff?")


def _one_delay(rhs: Rhs, history: History, delay: float, nodes: int) -> History:
    knobs = jnp.zeros((nodes, 3))
    return advance(lambda x, past, _: rhs(x, past), history, knobs, h=delay / nodes, count=nodes)
