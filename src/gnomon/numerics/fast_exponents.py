"""Lyapunov spectra of many trajectories of an autonomous flow side by side, shaped for the caches of a processor."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.numerics.tiles import cut, glue, in_threads

RightHandSide = Callable[[Any], Sequence[Any] | Array]
FEW = 16  # up to here a state is a tuple of components, each an array over lanes; above, one array


def spectrum(
    f: RightHandSide,
    states: Float[Array, "lane component"] | np.ndarray,
    h: float,
    steps: int,
    every: int,
    k: int = 0,
    discard: int = 0,
    *,
    stacked: bool | None = None,
    tile: int = 64,
    seed: int = 0,
) -> Float[np.ndarray, "lane k"]:
    """The k leading Lyapunov exponents along each of many trajectories, per unit of time.

    Classical Runge-Kutta steps carry the state and, by the exact derivative of each step, k tangent vectors, which
    are orthonormalised every few steps (Benettin et al. 1980, doi:10.1007/BF02128236). Lanes run side by side;
    where `f` is elementwise they cost little more than one, and the standard error over lanes comes with them.
    `lyapunov.lyapunov_exponents` does the same for any map, slowly.

    What misleads: the lanes of a conservative system lie on different orbits and have different exponents. A step that
    is too long biases an exponent without any sign of it: halve it. Too few discarded steps bias the small exponents.

    Args:
        f: the right-hand side. It gets the components of the state (a tuple of arrays [lane]; or an array
            [component, lane] where `stacked`) and gives their time derivatives, elementwise over lanes. Programs are
            kept by the identity of `f`, so pass the same object again.
        states: where each lane starts.
        h: step length.
        steps: steps that count, rounded up to whole blocks.
        every: steps in a block, after which vectors are made orthonormal: about a Lyapunov time at most.
        k: how many exponents; all where 0.
        discard: steps run first and not counted, rounded up to whole blocks: the state goes to the attractor and
            the vectors turn into the expanding directions.
        stacked: whether `f` gets one array; for more than 16 components where None. Vectors are then made orthonormal
            by Householder reflections lane by lane, else by modified Gram-Schmidt across lanes.
        tile: lanes that are run side by side by one core.
        seed: of the first tangent vectors.

    Returns:
        [lane, k], as the vectors come (descending up to sampling); NaN where a lane diverged.
    """
    lanes, n = np.shape(states)
    k = k or n
    _check(n, h, steps, every, k, discard)
    stacked = n > FEW if stacked is None else stacked
    first = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n))[:, :k])[0]  # the same for any k
    tiles = cut(np.asarray(states, jnp.result_type(float)), tile)
    counts = (np.int64(-(-discard // every)), np.int64(-(-steps // every)))
    shape = jax.ShapeDtypeStruct(tiles[0].shape, tiles[0].dtype)
    program = _program(f, shape.shape, str(shape.dtype), k, every, stacked)
    jobs = [(part, first.astype(part.dtype), part.dtype.type(h), *map(np.int32, counts)) for part in tiles]
    logs = glue(in_threads(program, jobs), lanes)
    return logs.T / (float(counts[1]) * every * h)


def ring(u: Array, before: int, after: int) -> Array:
    """A periodic row of sites [component, ...] with copies of its ends: `before` in front of it, `after` behind it.

    Slices of it are neighbours: `p = ring(u, 2, 1)` has u[i-2] in p[:n], u[i-1] in p[1:n+1], u[i+1] in p[3:]. Three
    times as fast as `jnp.roll` on a processor: the copy is made once, apart, so that loops over slices of it have no
    branches.
    """
    n = u.shape[0]
    return jax.lax.optimization_barrier(jnp.concatenate([u[n - before :], u, u[:after]]))


def _check(n: int, h: float, steps: int, every: int, k: int, discard: int) -> None:
    if k > n:
        raise ValueError(f"asked for {k} exponents of a state of {n} numbers; ask for at most {n}")
    if not (math.isfinite(h) and h > 0):
        raise ValueError(f"the step length must be a positive number, got {h}")
    if min(steps, every) < 1 or discard < 0:
        raise ValueError(
            f"steps and every must be at least 1, discard at least 0; got {steps}, {every}, {discard}"
        )


@functools.lru_cache(maxsize=64)
def _program(
    f: RightHandSide, shape: tuple[int, int], dtype: str, k: int, every: int, stacked: bool
) -> Callable[..., Array]:
    """Compiled: (states [n, lane], first vectors [n, k], h, blocks to discard, blocks) -> summed logs [k, lane]."""
    run = jax.jit(functools.partial(_stacked if stacked else _few, f, every))
    number = jax.ShapeDtypeStruct((), dtype)
    count = jax.ShapeDtypeStruct((), "int32")
    shapes = (
        jax.ShapeDtypeStruct(shape, dtype),
        jax.ShapeDtypeStruct((shape[0], k), dtype),
        number,
        count,
        count,
    )
    return run.lower(*shapes).compile()


def _blocks(
    step: Callable, orthonormal: Callable, every: int, state: Any, growth: Array, settle: Any, count: Any
) -> Array:
    """Logs of growth summed over `count` blocks, after `settle` blocks that are not counted."""

    def block(i: Any, carry: tuple) -> tuple:
        u, frame, total = carry
        u, frame = jax.lax.fori_loop(0, every, lambda _, c: step(*c), (u, frame))
        frame, logs = orthonormal(frame)
        return (
            u,
            frame,
            total + jnp.where(i < settle, 0.0, logs),
        )  # one loop, not two: half as much to compile

    return jax.lax.fori_loop(0, settle + count, block, (*state, growth))[2]


def _runge_kutta(slope: Callable, add: Callable, y: Any, h: Any) -> Any:
    """One classical step of anything that can be added."""
    k1 = slope(y)
    k2 = slope(add(y, (h / 2, k1)))
    k3 = slope(add(y, (h / 2, k2)))
    k4 = slope(add(y, (h, k3)))
    return add(y, (h / 6, k1), (h / 3, k2), (h / 3, k3), (h / 6, k4))


def _few(
    f: RightHandSide, every: int, states: Array, first: Array, h: Array, settle: Array, count: Array
) -> Array:
    """Components apart: n arrays [lane] for the state, n arrays [k, lane] for the vectors."""
    lanes = states.shape[1]
    k = first.shape[1]

    def slope(y: tuple) -> tuple:
        u, frame = y
        value, push = jax.linearize(lambda *c: tuple(jnp.broadcast_to(v, (lanes,)) for v in f(c)), *u)
        return value, jax.vmap(lambda *c: push(*c))(*frame)

    def add(y: tuple, *terms: tuple) -> tuple:
        return jax.tree.map(
            lambda a, *ks: a + sum(c * s for (c, _), s in zip(terms, ks, strict=True)),
            y,
            *(s for _, s in terms),
        )

    def step(u: tuple, frame: tuple) -> tuple:
        return _runge_kutta(slope, add, (u, frame), h)

    frame = tuple(jnp.broadcast_to(first[i][:, None], (k, lanes)) for i in range(len(states)))
    growth = jnp.zeros((k, lanes), states.dtype)
    return _blocks(step, _gram_schmidt, every, (tuple(states), frame), growth, settle, count)


def _gram_schmidt(frame: tuple[Array, ...]) -> tuple[tuple[Array, ...], Array]:
    """Modified Gram-Schmidt over vectors, all lanes at once: components [k, lane] -> the same, and logs [k, lane]."""
    tiny = jnp.finfo(frame[0].dtype).tiny
    rest, done, logs = list(frame), [[] for _ in frame], []
    for _ in range(frame[0].shape[0]):
        length = jnp.sqrt(sum(c[0] * c[0] for c in rest))
        # a vector the flow destroys has growth zero: its exponent is huge and negative, not minus infinity
        length = jnp.maximum(length, tiny)
        own = [c[0] / length for c in rest]
        shadow = sum(q * c[1:] for q, c in zip(own, rest, strict=True))
        rest = [c[1:] - shadow * q for q, c in zip(own, rest, strict=True)]
        logs.append(jnp.log(length))
        for column, q in zip(done, own, strict=True):
            column.append(q)
    return tuple(jnp.stack(column) for column in done), jnp.stack(logs)


def _stacked(
    f: RightHandSide, every: int, states: Array, first: Array, h: Array, settle: Array, count: Array
) -> Array:
    """One array [n, lane * (1 + k)]: of every lane the state, then its vectors."""
    lanes = states.shape[1]
    k = first.shape[1]

    def slope(y: tuple) -> tuple:
        u, frame = y
        spread = jnp.repeat(u, k, axis=1)  # the derivative is taken at as many copies as there are vectors

        def flow(c: Array) -> Array:
            value = f(c)
            return (
                value
                if isinstance(value, jax.Array)
                else jnp.stack([jnp.broadcast_to(v, c.shape[1:]) for v in value])
            )

        value, pushed = jax.jvp(flow, (spread,), (frame,))
        return value[:, ::k], pushed

    def add(y: tuple, *terms: tuple) -> tuple:
        return tuple(a + sum(c * s[i] for c, s in terms) for i, a in enumerate(y))

    def step(u: Array, frame: Array) -> tuple:
        return _runge_kutta(slope, add, (u, frame), h)

    frame = jnp.tile(first, (1, lanes))
    growth = jnp.zeros((k, lanes), states.dtype)
    return _blocks(
        step, functools.partial(_reflections, lanes), every, (states, frame), growth, settle, count
    )


def _reflections(lanes: int, frame: Array) -> tuple[Array, Array]:
    """Householder, lane by lane: [n, lane * k] -> the same, and logs [k, lane]."""
    n = frame.shape[0]
    q, r = jnp.linalg.qr(jnp.moveaxis(frame.reshape(n, lanes, -1), 1, 0))
    size = jnp.abs(jnp.diagonal(r, axis1=1, axis2=2))
    logs = jnp.log(jnp.maximum(size, jnp.finfo(frame.dtype).tiny))
    return jnp.moveaxis(q, 0, 1).reshape(n, -1), logs.T
