"""Multiple shooting: coefficients of equations, and the states that runs of them start from, from observations.

Maximum likelihood for white observation error (Bock 1983, pages 95-121 of Deuflhard and Hairer, editors,
doi 10.1007/978-1-4684-7324-7, without the continuity constraints): the states are estimated with the coefficients,
so that noise in the regressors does not bias them.
Gauss-Newton with Levenberg's damping; the starts are eliminated segment by segment.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from gnomon.numerics.library_equations import Library, run_equations

AT_ONCE = 20_000_000  # numbers in the Jacobians of segments differentiated together: bounds the memory
STRAY = 25.0  # times the median cost: a segment that sits in a wrong minimum


class Segments(NamedTuple):
    """Pieces of observed trajectories.

    Attributes:
        observed: [segment, time, site, channel].
        forced: [segment, time, site, input].
        use: [segment] 1, or 0 where it is left out.
        places: segments in each trajectory.
    """

    observed: Float[Array, "segment time site channel"]
    forced: Float[Array, "segment time site input"]
    use: Float[Array, " segment"]
    places: int


class Shot(NamedTuple):
    """What shooting found.

    Attributes:
        coefficients: [term, channel].
        errors: [term, channel] standard errors; infinite where they are not determined.
        noise: [channel] root mean square of what is left.
        cost: mean squared weighted residual.
        steps: accepted.
        starts: [segment, site, channel] estimated.
        spread: [segment] mean squared weighted residual of each.
    """

    coefficients: Float[np.ndarray, "term channel"]
    errors: Float[np.ndarray, "term channel"]
    noise: Float[np.ndarray, " channel"]
    cost: float
    steps: int
    starts: Float[Array, "segment site channel"]
    spread: Float[np.ndarray, " segment"]


class _Pieces(NamedTuple):
    """Normal equations: starts (s) segment by segment, coefficients (c) summed over them."""

    ss: Array
    sc: Array
    cc: Array
    s: Array
    c: Array


def cut(observed: np.ndarray, forced: np.ndarray, steps: int) -> Segments:
    """All segments of `steps` steps, one after the other in every trajectory."""
    starts = np.arange(0, observed.shape[1] - steps, steps)
    run, at = (a.ravel() for a in np.meshgrid(np.arange(len(observed)), starts, indexing="ij"))
    moments = at[:, None] + np.arange(steps + 1)
    picked = (run[:, None], moments)
    return Segments(
        jnp.asarray(observed[picked]), jnp.asarray(forced[picked]), jnp.ones(len(run)), len(starts)
    )


def nested_starts(shot: Shot, shorter: Segments, longer: Segments, ratio: int) -> Array:
    """The estimated starts of short segments that are also those of segments `ratio` times as long."""
    by_run = shot.starts.reshape(-1, shorter.places, *shot.starts.shape[1:])
    picked = by_run[:, ::ratio][:, : longer.places]
    return picked.reshape(-1, *shot.starts.shape[1:])


def without_strays(shot: Shot, segments: Segments) -> Segments:
    """Segments whose fit failed left out."""
    used = np.asarray(segments.use) > 0
    limit = STRAY * np.median(shot.spread[used])
    return segments._replace(use=jnp.asarray((used & (shot.spread <= limit)).astype(float)))


def shoot(
    library: Library,
    coefficients: Float[np.ndarray, "term channel"],
    support: Bool[np.ndarray, "term channel"],
    segments: Segments,
    dt: float,
    substeps: int,
    *,
    weight: Float[np.ndarray, " channel"],
    starts: Array | None = None,
    most: int = 12,
    tolerance: float = 1e-4,
) -> Shot | None:
    """Fit coefficients on their support; None where the equations cannot be run from the observations.

    Args:
        library: of the terms.
        coefficients: first guess.
        support: which of them are free; the others stay zero.
        segments: to be fitted.
        dt: between two observations.
        substeps: Runge-Kutta steps in each.
        weight: of each channel's residual.
        starts: first guess; the observations where it is not given.
        most: accepted steps at most.
        tolerance: relative fall of the cost at which to stop.
    """
    mask = jnp.asarray(support.astype(float))
    weigh, count = jnp.asarray(weight), jnp.asarray(substeps, jnp.int32)
    theta = jnp.asarray(coefficients * support)
    starts = segments.observed[:, 0] if starts is None else starts
    arrays = segments._replace(places=0)  # a number of places would be compiled in
    cost, left, spread = _cost(library, theta, starts, arrays, weigh, dt, count)
    damping, accepted, tried = 1e-4, 0, 0
    pieces = None
    while np.isfinite(cost) and accepted < most and tried < 3 * most and damping < 1e8:
        tried += 1
        if pieces is None:
            pieces = jax.tree.map(np.asarray, _pieces(library, theta, mask, starts, arrays, weigh, dt, count))
        move_s, move_c = _solve(pieces, damping)
        new = theta + mask * jnp.asarray(move_c).reshape(theta.shape)
        starts_new = starts + jnp.asarray(move_s).reshape(starts.shape)
        cost_new, left_new, spread_new = _cost(library, new, starts_new, arrays, weigh, dt, count)
        if not cost_new < cost:
            damping = max(damping, 1e-12) * 10
            if damping > 1e-2 and cost < 1e-24:  # rounding: nothing left to gain
                break
            continue
        fall = 1.0 - float(cost_new / cost)
        theta, starts, cost, left, pieces = new, starts_new, cost_new, left_new, None
        spread = spread_new
        damping, accepted = damping / 10, accepted + 1
        if fall < tolerance:
            break
    if not np.isfinite(cost):
        return None
    if pieces is None:
        pieces = jax.tree.map(np.asarray, _pieces(library, theta, mask, starts, arrays, weigh, dt, count))
    return _shot(pieces, support, segments, theta, starts, float(cost), (left, spread), accepted)


def _shot(
    pieces: _Pieces,
    support: np.ndarray,
    segments: Segments,
    theta: Array,
    starts: Array,
    cost: float,
    squares: tuple[Array, Array],
    accepted: int,
) -> Shot:
    """What is told of a fit; `squares` are those of the channels and of the segments."""
    share = float(jnp.mean(segments.use))
    total, estimated = segments.observed.size * share, starts.size * share
    lost = total / (total - estimated)  # every start takes one observation of each number
    errors = _errors(pieces, support, cost * total, total - estimated)
    noise = np.sqrt(np.asarray(squares[0]) * lost)
    return Shot(np.asarray(theta), errors, noise, cost, accepted, starts, np.asarray(squares[1]))


def _errors(pieces: _Pieces, support: np.ndarray, squares: float, freedom: float) -> np.ndarray:
    """Standard errors from the curvature, the starts eliminated."""
    free = support.ravel()
    reduced = pieces.cc - np.einsum("sik,sil->kl", pieces.sc, np.linalg.solve(pieces.ss, pieces.sc))
    reduced = reduced[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(np.diag(reduced), 1e-300))
    inverse = np.linalg.pinv(reduced / np.outer(scale, scale), rcond=1e-13, hermitian=True)
    variance = squares / max(freedom - int(free.sum()), 1)
    out = np.full(free.shape, np.inf)
    out[free] = np.sqrt(np.maximum(np.diag(inverse), 0.0) * variance) / scale
    return out.reshape(support.shape)


def _solve(pieces: _Pieces, damping: float) -> tuple[np.ndarray, np.ndarray]:
    """The damped step of the starts and of the coefficients."""
    n = pieces.ss.shape[1]
    size = np.einsum("sii->si", pieces.ss)
    ss = pieces.ss + np.einsum("si,ij->sij", damping * size + 1e-300, np.eye(n))
    both = np.linalg.solve(ss, np.concatenate([pieces.sc, pieces.s[:, :, None]], axis=2))
    across, own = both[:, :, :-1], both[:, :, -1]
    reduced = pieces.cc - np.einsum("sik,sil->kl", pieces.sc, across)
    right = pieces.c - np.einsum("sik,si->k", pieces.sc, own)
    scale = np.sqrt(np.where(np.diag(pieces.cc) > 0, np.diag(pieces.cc), 1.0))
    scaled = reduced / np.outer(scale, scale) + damping * np.eye(len(scale))
    move = np.linalg.lstsq(scaled, right / scale, rcond=1e-15)[0] / scale
    return -(own - np.einsum("sik,k->si", across, move)), -move


def _residual(
    library: Library, theta: Array, start: Array, segment: Segments, weight: Array, dt: float, count: Array
) -> Array:
    run = run_equations(library, theta, start, segment.forced, dt, count)
    return (run - segment.observed) * weight


@eqx.filter_jit
def _cost(
    library: Library,
    theta: Array,
    starts: Array,
    segments: Segments,
    weight: Array,
    dt: float,
    count: Array,
) -> tuple[Array, Array, Array]:
    """Mean squared weighted residual; the mean square in each channel without weight; that of each segment."""

    def one(start: Array, observed: Array, forced: Array) -> Array:
        segment = Segments(observed, forced, jnp.ones(()), 0)
        return jnp.mean(_residual(library, theta, start, segment, weight, dt, count) ** 2, axis=(0, 1))

    squares = jax.vmap(one)(starts, segments.observed, segments.forced)
    used = jnp.where(segments.use[:, None] > 0, squares, 0.0)  # a run left out may not be finite
    mean = jnp.sum(used, axis=0) / jnp.sum(segments.use)
    return jnp.mean(mean), mean / weight**2, jnp.mean(squares, axis=1)


@eqx.filter_jit
def _pieces(
    library: Library,
    theta: Array,
    mask: Array,
    starts: Array,
    segments: Segments,
    weight: Array,
    dt: float,
    count: Array,
) -> _Pieces:
    """Normal equations at the present guess."""
    n = starts[0].size

    def one(args: tuple[Array, Array, Array, Array]) -> _Pieces:
        start, observed, forced, use = args
        segment = Segments(observed, forced, use, 0)

        def residual(both: Array) -> tuple[Array, Array]:
            moved = theta + mask * both[n:].reshape(theta.shape)
            r = _residual(library, moved, start + both[:n].reshape(start.shape), segment, weight, dt, count)
            return r.ravel(), r.ravel()

        zero = jnp.zeros(n + theta.size, theta.dtype)
        jacobian, r = jax.jacfwd(residual, has_aux=True)(zero)
        jacobian, r = jnp.where(use > 0, jacobian, 0.0), jnp.where(use > 0, r, 0.0)
        s, c = jacobian[:, :n], jacobian[:, n:]
        own = jnp.where(use > 0, s.T @ s, jnp.eye(n, dtype=s.dtype))
        return _Pieces(own, s.T @ c, c.T @ c, s.T @ r, c.T @ r)

    each = segments.observed[0].size * (n + theta.size)
    together = max(1, min(starts.shape[0], AT_ONCE // each))
    arrays = (starts, segments.observed, segments.forced, segments.use)
    found = jax.lax.map(one, arrays, batch_size=together)
    return _Pieces(found.ss, found.sc, found.cc.sum(0), found.s, found.c.sum(0))


def fitted_state(
    run: Callable[[Array], Array],
    observed: Float[Array, "time site channel"],
    weight: Float[Array, " channel"],
    *,
    rounds: int = 5,
) -> tuple[Float[Array, "site channel"], Float[Array, ""]]:
    """The last state of the run that fits a window of observations best, and its root mean square weighted residual.

    Strong-constraint four-dimensional variational assimilation (Le Dimet and Talagrand 1986,
    doi 10.3402/tellusa.v38i2.11706) by Gauss-Newton. The window grows from a quarter to the whole, since the cost of
    a long window of a chaotic system has many minima (quasi-static assimilation, Pires, Vautard and Talagrand 1996,
    Tellus A 48, 96-121).

    Args:
        run: initial state -> states at the moments of the window.
        observed: in the window, the present last.
        weight: one over the standard deviation of each channel's error.
        rounds: Gauss-Newton steps for each length.
    """
    length = observed.shape[0]
    lengths = [max(2, length // 4), max(2, length // 2), length, length]
    limits = jnp.asarray(np.repeat(lengths, rounds))
    size = observed[0].size

    def residual(flat: Array, limit: Array) -> Array:
        inside = (jnp.arange(length) < limit)[:, None, None]
        return jnp.where(inside, (run(flat.reshape(observed[0].shape)) - observed) * weight, 0.0).ravel()

    def one(carry: tuple[Array, Array], limit: Array) -> tuple[tuple[Array, Array], None]:
        flat, damping = carry
        jacobian, r = jax.jacfwd(lambda at: (residual(at, limit),) * 2, has_aux=True)(flat)
        curve = jacobian.T @ jacobian
        lifted = curve + damping * jnp.diag(jnp.diag(curve)) + 1e-300 * jnp.eye(size)
        new = flat - jnp.linalg.solve(lifted, jacobian.T @ r)
        better = jnp.sum(residual(new, limit) ** 2) < jnp.sum(r**2)
        damping = jnp.where(better, damping / 10, jnp.minimum(damping * 10, 1e6))
        return (jnp.where(better, new, flat), damping), None

    first = observed[0].ravel()
    (best, _), _ = jax.lax.scan(one, (first, jnp.full((), 1e-3, first.dtype)), limits)
    states = run(best.reshape(observed[0].shape))
    return states[-1], jnp.sqrt(jnp.mean(((states - observed) * weight) ** 2))
