"""Many trajectories of one system side by side, in tiles that fit a core's cache, on all cores."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from gnomon.numerics.adaptive import Controls, Solution, march, require_times
from gnomon.numerics.one_loop import WIDE, in_one_loop, operations, pays, widest
from gnomon.numerics.tiles import cut, glue, in_threads

RightHandSide = Callable[[tuple[Array, ...]], Sequence[Any]]


def ensemble(
    f: RightHandSide,
    states: Float[Array, "lane component"] | np.ndarray,
    times: ArrayLike,
    *,
    rtol: float = 1e-9,
    atol: float = 1e-9,
    max_steps: int = 1_000_000,
    tile: int = 256,
) -> Solution:
    """Integrate many initial states with error control, and give all of them at all `times`.

    The method of `adaptive.solve`. Every lane has its own step length; the lanes of a tile wait for each other at each
    time that is asked for, so a tile should not be large, and tiles go to all cores.

    Args:
        f: the right-hand side: from a tuple of components, each an array [lane], to their time derivatives.
            Programs are kept by its identity, so pass the same object again.
        states: at the first time.
        times: ascending.
        rtol: relative tolerance of one step.
        atol: absolute tolerance of one step.
        max_steps: of a lane, after which its outcome is `adaptive.STEPS`.
        tile: lanes side by side in one core.

    Returns:
        states [time, component, lane]; outcome and steps [lane].
    """
    require_times(times, rtol)
    lanes = len(states)
    tiles = cut(np.asarray(states, jnp.result_type(float)), tile)
    kind = tiles[0].dtype
    at = np.asarray(times, kind)
    program = _adaptive(f, tiles[0].shape, len(at), str(kind))
    jobs = [(part, at, kind.type(rtol), kind.type(atol), np.int32(max_steps)) for part in tiles]
    found = in_threads(program, jobs)
    return Solution(*(glue(part, lanes) for part in zip(*found, strict=True)))


def fixed_steps(
    f: RightHandSide,
    states: Float[Array, "lane component"] | np.ndarray,
    h: float,
    steps: int,
    *,
    every: int = 0,
    tile: int = 256,
) -> Float[np.ndarray, "time component lane"]:
    """States of many trajectories after every `every` classical Runge-Kutta steps, or after all of them where 0.

    Args:
        f: as for `ensemble`.
        states: at the start, which is not given back.
        h: step length.
        steps: how many; with `every`, a multiple of it.
        every: steps between two states that are kept.
        tile: lanes side by side in one core, at most; fewer where XLA would spread every single operation over
            threads, which costs more than it gives.
    """
    if not (math.isfinite(h) and h > 0):
        raise ValueError(f"the step length must be a positive number, got {h}")
    if steps < 1 or every < 0 or (every and steps % every):
        raise ValueError(f"steps must be positive and a multiple of every; got {steps} and {every}")
    start = np.asarray(states, jnp.result_type(float))
    tiles = cut(start, min(tile, _plan(f, start.shape[1], str(start.dtype))[1]), multiple=8)
    kind = start.dtype
    program = _fixed(f, tiles[0].shape, steps // (every or steps), str(kind))
    jobs = [(part, kind.type(h), np.int32(every or steps)) for part in tiles]
    return glue(in_threads(program, jobs), len(states))


@functools.lru_cache(maxsize=64)
def _adaptive(f: RightHandSide, shape: tuple[int, int], times: int, dtype: str) -> Callable[..., Any]:
    """Compiled: (states [component, lane], times, rtol, atol, max_steps) -> states, outcomes, steps."""
    slope = _broadcast(f)

    def run(states: Array, at: Array, rtol: Array, atol: Array, most: Array) -> tuple:
        # One array of all components makes fewer and longer loops than one array for each.
        controls = Controls(rtol, atol, most, lambda squares: jnp.mean(squares[0], axis=0))
        values, outcome, steps = march(lambda y: (jnp.stack(slope(tuple(y[0]))),), (states,), at, controls)
        return values[0], outcome, steps

    number = jax.ShapeDtypeStruct((), dtype)
    shapes = (jax.ShapeDtypeStruct(shape, dtype), jax.ShapeDtypeStruct((times,), dtype), number, number)
    return jax.jit(run).lower(*shapes, jax.ShapeDtypeStruct((), "int32")).compile(compiler_options=WIDE)


@functools.lru_cache(maxsize=64)
def _plan(f: RightHandSide, components: int, dtype: str) -> tuple[bool, int]:
    """Whether a step is made in one loop, and the number of lanes up to which XLA keeps it in one thread."""
    slope = _broadcast(f)
    count = operations(lambda h, *y: _step(slope, y, h), components + 1, dtype)
    size = np.dtype(dtype).itemsize
    if pays(count, components):
        return True, widest(count, 2 * components + 1, size)
    return False, widest(count, components + 1, size)


def _step(slope: Callable[[tuple], tuple], y: tuple, h: Any) -> tuple:
    """One classical Runge-Kutta step."""

    def ahead(h: Any, k: tuple) -> tuple:
        return tuple(a + h * b for a, b in zip(y, k, strict=True))

    k1 = slope(y)
    k2 = slope(ahead(h / 2, k1))
    k3 = slope(ahead(h / 2, k2))
    k4 = slope(ahead(h, k3))
    return tuple(v + h / 6 * (a + 2 * (b + c) + d) for v, a, b, c, d in zip(y, k1, k2, k3, k4, strict=True))


@functools.lru_cache(maxsize=64)
def _fixed(f: RightHandSide, shape: tuple[int, int], kept: int, dtype: str) -> Callable[..., Any]:
    """Compiled: (states [component, lane], h, steps between two that are kept) -> [kept, component, lane]."""
    slope = _broadcast(f)
    together = _plan(f, shape[0], dtype)[0]

    def step(y: tuple, h: Array) -> tuple:
        if not together:
            return _step(slope, y, h)
        lengths = jnp.broadcast_to(h, y[0].shape)
        return in_one_loop(lambda h, *y: (h, *_step(slope, y, h)), (lengths, *y))[1:]

    def run(states: Array, h: Array, every: Array) -> Array:
        def keep(y: tuple, _: None) -> tuple[tuple, Array]:
            if together:
                # Two to a round: the second writes where the first has read, else XLA copies the states each time.
                y = jax.lax.fori_loop(0, every // 2, lambda _, v: step(step(v, h), h), y)
            rest = every % 2 if together else every
            y = jax.lax.fori_loop(0, rest, lambda _, v: step(v, h), y)
            return y, jnp.stack(y)

        return jax.lax.scan(keep, tuple(states), None, length=kept)[1]

    shapes = (
        jax.ShapeDtypeStruct(shape, dtype),
        jax.ShapeDtypeStruct((), dtype),
        jax.ShapeDtypeStruct((), "int32"),
    )
    return jax.jit(run).lower(*shapes).compile(compiler_options=WIDE)


def _broadcast(f: RightHandSide) -> Callable[[tuple[Array, ...]], tuple[Array, ...]]:
    """A constant time derivative becomes one for each lane."""
    return lambda y: tuple(jnp.broadcast_to(jnp.asarray(v, y[0].dtype), y[0].shape) for v in f(y))
