"""Ordinal patterns: permutation entropy and complexity, the sampling they need, and what they tell apart.

Bandt and Pompe 2002 (doi:10.1103/PhysRevLett.88.174102); the complexity of Rosso et al. 2007
(doi:10.1103/PhysRevLett.99.154102); sampling and plane as in PECCARY (Hyman, Daniel and Schaffner 2025,
arXiv 2407.11970).
"""

import functools
import math
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from gnomon.numerics.crossings import natural_time
from gnomon.numerics.jackknife import standard_error
from gnomon.numerics.ordinal_counts import codes, pattern_counts, windows

Kind = Literal["regular", "complex", "stochastic", "undecided"]

SPAN = (0.3, 0.5)  # of a pattern, in natural times
SHORTEST = 1.5  # natural times in a record
HEIGHTS = (0.50, 0.58)  # between the curves: below is noise, above is chaos


def ordinal_codes(x: Any, order: int = 5, delay: int = 1) -> Any:
    """[..., time - (order - 1) delay] the pattern of each window, a number from 0 to order! - 1.

    code(t) = sum over i of (order - 1 - i)! * #{j > i: x(t + j delay) < x(t + i delay)}: the Lehmer code of the ranks,
    without sorting. Equal values count as rising, as in a stable sort. NumPy and JAX arrays alike.
    """
    return codes(x, order, delay).astype(np.int32)


def ordinal_shares(
    x: Float[ArrayLike, "*batch time"], order: int = 5, delay: int = 1
) -> Float[Array | np.ndarray, "*batch pattern"]:
    """[..., order!] share of each pattern in each series.

    What is not a JAX array is counted by NumPy, compared in its own precision: nothing to compile, and piece by piece
    in the cache; the answer is NumPy's too. JAX arrays, and so all under `jit` and `vmap`, are counted by JAX.
    """
    if isinstance(x, jax.Array):
        return _shares_in_jax(x, order, delay)
    return _shares_in_numpy(np.asarray(x), order, delay)


@functools.partial(jax.jit, static_argnames=("order", "delay"))
def _shares_in_jax(x: Array, order: int, delay: int) -> Array:
    code = ordinal_codes(x, order, delay)
    size, kinds = code.shape[-1], math.factorial(order)
    flat = code.reshape(-1, size)
    place = flat + kinds * jnp.arange(len(flat), dtype=flat.dtype)[:, None]
    counts = jnp.zeros(len(flat) * kinds, jnp.int32).at[place.ravel()].add(1)
    return (counts.astype(float) / size).reshape(*code.shape[:-1], kinds)


def _shares_in_numpy(x: np.ndarray, order: int, delay: int) -> np.ndarray:
    count = windows(x.shape[-1], order, delay)
    counts = pattern_counts(x.reshape(-1, x.shape[-1]), order, delay)
    return (counts / count).reshape(*x.shape[:-1], math.factorial(order))


def entropy_and_complexity(shares: Any) -> tuple[Any, Any]:
    """Normalised Shannon entropy H and Jensen-Shannon complexity C of shares [..., pattern].

    With S the entropy, N patterns and u the uniform shares: H = S(p) / ln N, C = Q [S((p + u)/2) - S(p)/2 - S(u)/2] H,
    with 1/Q the largest possible value of the bracket, that of a single pattern:
    Q = -2 / [(1 + 1/N) ln(N + 1) - 2 ln(2 N) + ln N] (Lamberti et al. 2004, doi:10.1016/j.physa.2003.11.005).

    What misleads: a record of n values gives H too low by about (patterns that occur - 1) / (2 n ln N).
    """
    return _point(shares, 1, shares.shape[-1])


def permutation_entropy(
    x: Float[ArrayLike, "*batch time"], order: int = 5, delay: int = 1
) -> tuple[Float[Array | np.ndarray, "*batch"], Float[Array | np.ndarray, "*batch"]]:
    """H and C of each series along the last axis; see `entropy_and_complexity` and `ordinal_shares`."""
    if isinstance(x, jax.Array):
        return _entropy_in_jax(x, order, delay)
    return entropy_and_complexity(_shares_in_numpy(np.asarray(x), order, delay))


@functools.partial(jax.jit, static_argnames=("order", "delay"))
def _entropy_in_jax(x: Array, order: int, delay: int) -> tuple[Array, Array]:
    return entropy_and_complexity(_shares_in_jax(x, order, delay))


def suitable_delays(step: float, natural: float, order: int = 5) -> range:
    """Delays, in samples, at which a pattern spans 0.3 to 0.5 natural times; empty where the step is too coarse."""
    if not (natural > 0 and math.isfinite(natural)):
        return range(0)
    unit = step * (order - 1) / natural
    return range(max(1, math.ceil(SPAN[0] / unit - 1e-9)), math.floor(SPAN[1] / unit + 1e-9) + 1)


def suitable_delay(step: float, natural: float, order: int = 5) -> int | None:
    """The delay whose pattern spans nearest to 0.4 natural times; None where no delay is suitable."""
    among = suitable_delays(step, natural, order)
    middle = sum(SPAN) / 2 * natural / (step * (order - 1)) if len(among) else 0.0
    return min(among, key=lambda delay: abs(delay - middle)) if len(among) else None


class Envelope(NamedTuple):
    """The curves between which every point (H, C) lies; each is a list of points, H ascending."""

    entropy_low: np.ndarray
    complexity_low: np.ndarray
    entropy_high: np.ndarray
    complexity_high: np.ndarray


@functools.cache
def envelope(order: int = 5, points: int = 400) -> Envelope:
    """Least and largest complexity at each entropy (Martin, Plastino and Rosso 2006, doi:10.1016/j.physa.2005.11.053).

    Least: one pattern has a share of its own and all others the same. Largest: k patterns occur, one of them more
    rarely than the others, which are equal; k = 2 ... order!.
    """
    size = math.factorial(order)
    alone = np.linspace(1 / size, 1, points)
    low = _point(np.stack([alone, (1 - alone) / (size - 1)], axis=1), np.asarray([1, size - 1]), size)
    high = []
    for k in range(2, size + 1):
        alone = np.linspace(0, 1 / k, max(8, points // (k - 1)))
        shares = np.stack([alone, (1 - alone) / (k - 1), np.zeros_like(alone)], axis=1)
        high.append(np.stack(_point(shares, np.asarray([1, k - 1, size - k]), size)))
    h, c = np.concatenate(high, axis=1)
    rising = np.argsort(h, kind="stable")
    return Envelope(low[0][::-1], low[1][::-1], h[rising], c[rising])


def regular_band(order: int = 5) -> tuple[float, float]:
    """Entropies between which periodic signals lie: from 2 patterns to 2 (2 (order - 2) + 1), equally frequent.

    A slowly sampled monotone rise and fall has the two monotone patterns, and each turning point adds its own; .145 to
    .551 for order 5 (PECCARY).
    """
    size = math.log(math.factorial(order))
    return math.log(2) / size, math.log(2 * (2 * (order - 2) + 1)) / size


def relative_height(entropy: Any, complexity: Any, order: int = 5) -> np.ndarray:
    """Where C lies between the least (0) and the largest (1) complexity at the same H."""
    edge = envelope(order)
    low = np.interp(entropy, edge.entropy_low, edge.complexity_low)
    high = np.interp(entropy, edge.entropy_high, edge.complexity_high)
    return (np.asarray(complexity) - low) / np.maximum(high - low, 1e-12)


def classify(entropy: float, complexity: float, order: int = 5) -> Kind:
    """What a series sampled by the rule looks like: "regular", "complex", "stochastic", or "undecided".

    Regular: H within or below the band of periodic signals. Above it the height between the curves decides: coloured
    noise of any spectrum, Ornstein-Uhlenbeck and noisy oscillations lie at .29 to .48, chaotic maps and flows at .60 to
    .95 (order 5, 20,000 values; measured here), so stochastic is below .50, complex above .58. The border is this
    project's; PECCARY gives regions by eye.

    What misleads: phase-coherent chaos (Roessler) and smooth noise sampled too densely fall in the regular band;
    quasi-periodic motion is called complex; a record that breaks the sampling rule means nothing.
    """
    if entropy <= regular_band(order)[1]:
        return "regular"
    height = float(relative_height(entropy, complexity, order))
    return "stochastic" if height < HEIGHTS[0] else "complex" if height > HEIGHTS[1] else "undecided"


class Ordinal(NamedTuple):
    """Permutation entropy and complexity of one observed quantity.

    Attributes:
        entropy: mean over series, with the standard error of that mean (NaN for one series); so `complexity`.
        delay: in samples.
        natural: natural time, mean over series.
        span: of a pattern in natural times.
        kind: see `classify`; "undecided" where the sampling rule is not met.
        met: whether the rule is met: a pattern spans 0.3 to 0.5 natural times, a record 1.5 or more.
    """

    entropy: float
    entropy_error: float
    complexity: float
    complexity_error: float
    delay: int
    natural: float
    span: float
    kind: Kind
    met: bool


def ordinal_facts(x: np.ndarray, step: float, *, order: int = 5, delay: int | None = None) -> Ordinal:
    """H and C of independent series [series, time] of one quantity, sampled by the rule.

    Args:
        x: series, equally long.
        step: time between two values.
        order: of the patterns.
        delay: in samples; chosen by the rule from the natural time of `x` unless given. Where the step is too coarse
            for the rule the delay is 1 and `met` is false.
    """
    x = np.atleast_2d(np.asarray(x, float))
    times = natural_time(x, step)
    natural = float(times[np.isfinite(times)].mean()) if np.isfinite(times).any() else math.inf
    chosen = delay or suitable_delay(step, natural, order) or 1
    span = chosen * step * (order - 1) / natural
    met = SPAN[0] - 1e-9 <= span <= SPAN[1] + 1e-9 and step * x.shape[-1] >= SHORTEST * natural
    h, c = (np.asarray(v, float) for v in permutation_entropy(x, order, chosen))
    kind = classify(float(h.mean()), float(c.mean()), order) if met else "undecided"
    errors = [standard_error(v) if len(v) > 1 else math.nan for v in (h, c)]
    return Ordinal(
        float(h.mean()), errors[0], float(c.mean()), errors[1], chosen, natural, span, kind, bool(met)
    )


def _point(shares: Any, alike: Any, size: int) -> tuple[Any, Any]:
    """H and C of shares [..., group], each of which `alike` patterns have; they are `size` patterns together."""
    log = math.log(size)
    entropy = _shannon(shares, alike)
    gap = _shannon((shares + 1 / size) / 2, alike) - entropy / 2 - log / 2
    norm = -2 / ((1 + 1 / size) * math.log(size + 1) - 2 * math.log(2 * size) + log)
    return entropy / log, norm * gap * entropy / log


def _shannon(shares: Any, alike: Any) -> Any:
    xp = jnp if isinstance(shares, jax.Array) else np
    return -(alike * shares * xp.log(xp.where(shares > 0, shares, 1.0))).sum(-1)
