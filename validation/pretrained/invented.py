"""Invented systems: random quadratic flows of three variables that stay bounded and are chaotic.

Nobody has named them, so that a network trained on them alone has seen none of the equations people have found
interesting. They are to those of the catalogue what synthetic series are to recorded ones, as far as this can be asked
where no recorded series are shipped.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

STEP = 0.02  # of the Runge-Kutta scheme, at most
DENSE = 0.25  # share of the thirty coefficients that are not zero
FAR, STILL = 50.0, 0.05  # a run beyond, or with less spread in a variable, is none of ours
SETTLE, SEEN, LONG = (
    4000,
    4000,
    60_000,
)  # steps before a candidate is looked at, while it is, and for its exponent
LEAST = 0.05  # leading exponent, over the dominant angular frequency (Lorenz 0.11, Roessler 0.07, a cycle 0)
GROWN = 30.0  # e-foldings at least while it is measured, or a slow cycle with a fast part could pass
RESOLVED = (
    150  # steps in a dominant period at least: what is chaotic with fewer may be so by the scheme alone
)
ROUGH = (
    0.5  # of a variable's spread: a larger change between two observations is no flow that could be followed
)
A_PERIOD = 30  # observations, as in the catalogue
MANY = 20_000  # candidates at once
ROUNDS = 120  # of the search; about four candidates in a hundred thousand are taken


def rate_of(
    weights: Float[Array, "variable term"], x: Float[Array, " variable"]
) -> Float[Array, " variable"]:
    """Constant, linear and quadratic terms."""
    a, b, c = x
    return weights @ jnp.stack([jnp.ones_like(a), a, b, c, a * a, a * b, a * c, b * b, b * c, c * c])


def after(weights: Array, x: Array, h: Array) -> Array:
    """One step of the classical Runge-Kutta scheme; what has left stays where it left."""
    rate = functools.partial(rate_of, weights)
    k1 = rate(x)
    k2 = rate(x + h / 2 * k1)
    k3 = rate(x + h / 2 * k2)
    new = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(x + h * k3))
    return jnp.where(jnp.all(jnp.abs(new) < FAR), new, jnp.full_like(x, FAR))


@functools.partial(jax.jit, static_argnames=("steps",))
def ended(weights: Array, x: Array, steps: int) -> Array:
    """[candidate, variable] after so many steps."""

    def one(w: Array, x: Array) -> Array:
        return jax.lax.fori_loop(0, steps, lambda _, x: after(w, x, jnp.asarray(STEP)), x)

    return jax.vmap(one)(weights, x)


@jax.jit
def watched(weights: Array, x: Array) -> Array:
    """[candidate, step, variable] states."""

    def one(w: Array, x: Array) -> Array:
        def step(x: Array, _: None) -> tuple[Array, Array]:
            return after(w, x, jnp.asarray(STEP)), x

        return jax.lax.scan(step, x, length=SEEN)[1]

    return jax.vmap(one)(weights, x)


@jax.jit
def exponents(weights: Array, x: Array) -> Array:
    """[candidate] leading Lyapunov exponent, in tangent space; the first tenth is left out.

    By the tangent and not by a neighbour: where growth and decay within a period are of many orders, rounding of the
    difference of two near states passes for growth.
    """

    def one(w: Array, x: Array) -> Array:
        def step(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
            x, v = jax.jvp(lambda u: after(w, u, jnp.asarray(STEP)), carry[:1], carry[1:])
            size = jnp.maximum(jnp.linalg.norm(v), 1e-300)
            return (x, v / size), jnp.log(size)

        _, grown = jax.lax.scan(step, (x, jnp.ones(3) / jnp.sqrt(3.0)), length=LONG)
        return jnp.mean(grown[LONG // 10 :]) / STEP

    return jax.vmap(one)(weights, x)


@functools.partial(jax.jit, static_argnames=("length", "inner"))
def sampled(weights: Array, x: Array, h: Array, length: int, inner: int) -> Array:
    """[time, variable] of one system, `inner` steps of h apart."""

    def step(x: Array, _: None) -> tuple[Array, Array]:
        return jax.lax.fori_loop(0, inner, lambda _, v: after(weights, v, h), x), x

    return jax.lax.scan(step, x, length=length)[1]


def invented(systems: int, *, count: int, length: int, seed: int) -> dict[str, np.ndarray]:
    """Name -> [trajectory, time, variable] of so many systems, about thirty observations to a dominant period.

    Trajectories are stretches of one long run, one after the other, so that none is a copy of another.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}
    for _ in range(ROUNDS):
        shape = (MANY, 3, 10)
        weights = jnp.asarray(rng.normal(size=shape) * (rng.random(shape) < DENSE))
        x = ended(weights, jnp.asarray(rng.normal(size=(MANY, 3))), 500)
        kept = np.flatnonzero(np.all(np.abs(np.asarray(x)) < FAR, axis=1))
        weights = weights[kept]
        x = ended(weights, x[kept], SETTLE)
        path = np.asarray(watched(weights, x))
        moving = np.flatnonzero(np.all(np.abs(path) < FAR, axis=(1, 2)) & (path.std(1).min(1) > STILL))
        if not len(moving):
            continue
        exponent = dict(
            zip(moving, np.asarray(exponents(weights[moving], jnp.asarray(path[moving, -1]))), strict=True)
        )
        for k in moving:
            frequency = dominant(path[k])
            if frequency * STEP * RESOLVED > 1 or not exponent[k] > max(
                LEAST * 2 * np.pi * frequency, GROWN / (LONG * STEP)
            ):
                continue
            gap = 1.0 / (A_PERIOD * frequency)
            inner = int(np.ceil(gap / STEP))
            long = sampled(
                weights[k], jnp.asarray(path[k, -1]), jnp.asarray(gap / inner), count * length, inner
            )
            runs = np.asarray(long).reshape(count, length, 3)
            spread = runs.std((0, 1))
            smooth = np.all(np.diff(runs, axis=1).std((0, 1)) < ROUGH * spread)
            if np.all(np.abs(runs) < FAR) and spread.min() > STILL and smooth:
                found[f"invented {len(found)}"] = runs
            if len(found) == systems:
                return found
    raise RuntimeError(f"only {len(found)} of {systems} systems were found in {ROUNDS * MANY} candidates")


def dominant(path: Float[np.ndarray, "step variable"]) -> float:
    """The frequency at which the summed spectra of the standardised variables peak."""
    z = (path - path.mean(0)) / path.std(0)
    power = (np.abs(np.fft.rfft(z * np.hanning(len(z))[:, None], axis=0)) ** 2).sum(1)
    at = int(np.argmax(power[2:])) + 2  # slower ones are trends of the window
    return float(np.fft.rfftfreq(len(z), STEP)[at])
