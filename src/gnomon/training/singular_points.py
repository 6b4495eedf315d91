r"""Physics-informed training where an equation is singular: at a regular singular point or a flow's critical one.

A network N of one number x stands for a solution, y(x) = x^e (a(x) + b(x) N(x)) with polynomials a and b that hold what
is known at the ends. As it is usually written, with y'' (or y') alone in front,

.. math::
    y'' + \frac{q(x)}{x\, p(x)}\, y' + \frac{r(x)}{x^2 p(x)}\, y = 0

the residual of any network but the solution is infinite at x = 0, and the loss is about the few points that were drawn
next to it. Three remedies, one by one and together:

* *cleared*: the residual is multiplied by what stands in the denominators.
* *adaptive*: cleared, and each part of the interval has a weight that follows the training: it grows where the residual
  stays large against the largest, wherever that is, and is forgotten over a thousand updates. Weights that adapt at
  singular points are the idea of Cayuso, Herrero-Valea and Barausse (2024), arXiv 2409.20150; the rule is that of
  Anagnostopoulos and others (2024), doi:10.1016/j.cma.2024.116805, with their constants.
* *ansatz*: e is the solution's own exponent (`frobenius`), so that what is left for the network is smooth, and the
  whole equation can be divided by x once. At a critical point, where both terms of a flow's equation vanish together,
  its slope has two roots too: a(x) passes through the point with one of them (`critical_ansatz`), and the equation is
  divided by the distance from the point.

What is told is the value at the end of the interval, and where the solution is finite that at the singular point. The
other solution, which is infinite there or has no slope, is kept out by the smoothness of a network and nothing else.

What misleads: with an exponent that is no whole number, e = 0 asks a smooth network for a root, whatever the weights.
A small residual at a critical point says nothing of the branch: two solutions joined by a kink leave next to none.
"""

import abc
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Recipe, Stage, fit_weights

WEIGHINGS = ("written", "cleared", "adaptive")
KEPT, GAINED = (
    0.999,
    0.01,
)  # of an adaptive weight in an update: what stays, and what the largest residual adds
NEAR_ROOT = 1e-9  # a residue of the indicial equation that is round-off


class AbstractSingularEquation(eqx.Module):
    """An equation cleared of its denominators, of what the power of x in front leaves."""

    @abc.abstractmethod
    def terms(self, x: Array, u: Array, slope: Array, bend: Array) -> Float[Array, " term"]:
        """What adds up to zero, from the value, first and second derivative."""

    @abc.abstractmethod
    def leading(self, x: Array, u: Array) -> Array:
        """The factor of the highest derivative, which is zero at the singular point."""


class LinearEquation(AbstractSingularEquation):
    """A u'' + B u' + C u = 0 with polynomials, coefficients of the constant first."""

    second: Float[Array, " power"]
    first: Float[Array, " power"]
    zeroth: Float[Array, " power"]

    def terms(self, x: Array, u: Array, slope: Array, bend: Array) -> Float[Array, " term"]:
        """The three products."""
        factors = (_at(c, x) for c in (self.second, self.first, self.zeroth))
        return jnp.stack([f * v for f, v in zip(factors, (bend, slope, u), strict=True)])

    def leading(self, x: Array, u: Array) -> Array:
        """A."""
        return _at(self.second, x)


class Accretion(AbstractSingularEquation):
    """(v^2 - 1) u' = 2/x - 2/x^2 for u = ln v: `numerics.singular_equations.accretion`; critical at x = v = 1.

    The logarithm, since the equation for v itself is obeyed by v = 0 too, and networks are drawn to that.

    Attributes:
        held: whether u(1) = 0 holds exactly. Then all of the equation has the factor x - 1, and is divided by it: left
            in, it would let a solution change branches at the point at next to no cost.
    """

    held: bool = eqx.field(static=True, default=False)

    def terms(self, x: Array, u: Array, slope: Array, bend: Array) -> Float[Array, " term"]:
        """Inertia and pressure; gravity and the shrinking cross-section."""
        both = jnp.stack([jnp.expm1(2.0 * u) * slope, -2.0 / x + 2.0 / x**2])
        return both / (x - 1.0) if self.held else both

    def leading(self, x: Array, u: Array) -> Array:
        """Zero at the speed of sound."""
        return jnp.expm1(2.0 * u) / (x - 1.0) if self.held else jnp.expm1(2.0 * u)


class Ansatz(NamedTuple):
    """y = x^exponent (offset(x) + bubble(x) N(x)); polynomials by their coefficients, the constant first."""

    exponent: float
    offset: tuple[float, ...]
    bubble: tuple[float, ...]


class Problem(NamedTuple):
    """What is solved.

    Attributes:
        equation: that offset + bubble N obeys.
        ansatz: how it becomes the solution.
        begin: of the interval.
        end: of the interval.
    """

    equation: AbstractSingularEquation
    ansatz: Ansatz
    begin: float
    end: float


class Training(NamedTuple):
    """How much is spent on each run.

    Attributes:
        updates: of the weights.
        points: drawn for each update, one in each of as many equal parts of the interval.
        width: units of each hidden layer.
        depth: hidden layers.
        rate: learning rate at its highest; it falls to nothing.
    """

    updates: int = 4000
    points: int = 64
    width: int = 24
    depth: int = 2
    rate: float = 5e-3


class PointNetwork(eqx.Module):
    """A network of one number, which goes from -1 to 1 over the interval."""

    layers: tuple[tuple[Array, Array], ...]

    def __call__(self, z: Array) -> Array:
        """The number it gives."""
        h = z[None]
        for weights, bias in self.layers[:-1]:
            h = jnp.tanh(h @ weights + bias)
        return (h @ self.layers[-1][0] + self.layers[-1][1])[0]


class SingularLoss(eqx.Module):
    """Mean square of the residual, in the way that `weighing` says."""

    equation: AbstractSingularEquation
    ends: Float[Array, "2"]
    offset: Float[Array, " power"]
    bubble: Float[Array, " power"]
    weighing: str = eqx.field(static=True)

    def __call__(
        self, model: PointNetwork, memory: Any, data: Any, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` are numbers from 0 to 1: where in the interval; `memory` holds the adaptive weights."""
        x = self.ends[0] + rows * (self.ends[1] - self.ends[0])
        terms, leading = jax.vmap(lambda at: self.parts(model, at))(x)
        residual = terms.sum(1)
        if self.weighing == "written":
            residual = residual / leading
        if self.weighing == "adaptive":
            # one weight for each of the parts that points are drawn from
            size = jnp.abs(jax.lax.stop_gradient(residual))
            memory = KEPT * memory + GAINED * size / jnp.maximum(size.max(), 1e-30)
            residual = memory * residual
        return jnp.mean(residual**2), memory

    def smooth(self, model: PointNetwork, x: Array) -> Array:
        """The solution without the power of x in front."""
        z = 2.0 * (x - self.ends[0]) / (self.ends[1] - self.ends[0]) - 1.0
        return _at(self.offset, x) + _at(self.bubble, x) * model(z)

    def parts(self, model: PointNetwork, x: Array) -> tuple[Array, Array]:
        """Terms of the equation, and the factor of its highest derivative."""

        def slope_at(at: Array) -> tuple[Array, Array]:
            return jax.jvp(lambda t: self.smooth(model, t), (at,), (jnp.ones_like(at),))

        (u, slope), (_, bend) = jax.jvp(slope_at, (x,), (jnp.ones_like(x),))
        return self.equation.terms(x, u, slope, bend), self.equation.leading(x, u)


class Solution(NamedTuple):
    """A trained network with what makes it a solution."""

    loss: SingularLoss
    exponent: float
    network: PointNetwork

    def at(self, x: ArrayLike) -> np.ndarray:
        """[place] the solution."""
        x = np.asarray(x, float)
        smooth = _values(self.loss, self.network, jnp.asarray(x, self.loss.ends.dtype))
        return x**self.exponent * np.asarray(smooth, float)


@eqx.filter_jit
def _values(loss: SingularLoss, network: PointNetwork, x: Array) -> Array:
    return jax.vmap(lambda at: loss.smooth(network, at))(x)


def frobenius(
    second: Sequence[float], first: Sequence[float], zeroth: Sequence[float], exponent: float
) -> LinearEquation:
    """The equation that y / x^exponent obeys, where y obeys x^2 p y'' + x q y' + r y = 0; single precision.

    Divided by x once where the exponent is a root of the indicial equation, since all of it then has that factor.

    Args:
        second: coefficients of p, the constant first.
        first: of q.
        zeroth: of r.
        exponent: e.
    """
    size = max(len(c) for c in (second, first, zeroth))
    p, q, r = (np.pad(np.asarray(c, float), (0, size - len(c))) for c in (second, first, zeroth))
    if not (np.isfinite([p, q, r]).all() and np.isfinite(exponent)):
        raise BadSpec("singular_points: coefficients and exponent of an equation must be finite")
    if p[0] == 0:
        raise BadSpec("singular_points: p(0) is 0, so that the point is not a regular singular one")
    first_left = 2.0 * exponent * p + q
    left = exponent * (exponent - 1.0) * p + exponent * q + r
    whole = [np.concatenate([np.zeros(2 - n), c, np.zeros(n)]) for n, c in enumerate((p, first_left, left))]
    if abs(left[0]) <= NEAR_ROOT * (abs(p[0]) + abs(q[0]) + abs(r[0])):
        whole[2][0] = 0.0
        whole = [c[1:] for c in whole]
    return LinearEquation(*(jnp.asarray(c, jnp.float32) for c in whole))


def with_ends(exponent: float, end: float, last: float, begin: float | None = None) -> Ansatz:
    """The value at the end of an interval from 0, and where it is told, that at its beginning.

    Args:
        exponent: e, factored out; not negative.
        end: of the interval.
        last: y there.
        begin: y at 0; None where the power of x in front settles it.
    """
    if not (exponent >= 0 and end > 0 and np.isfinite([end, last, begin or 0.0]).all()):
        raise BadSpec(
            f"singular_points: expected an exponent that is not negative, an end beyond 0 and finite values, got "
            f"{exponent}, {end}, {last} and {begin}"
        )
    scaled = last / end**exponent
    if begin is None:
        return Ansatz(exponent, (scaled, 0.0, 0.0), (1.0, -1.0 / end, 0.0))
    return Ansatz(exponent, (begin, (scaled - begin) / end, 0.0), (0.0, 4.0 / end, -4.0 / end**2))


def critical_ansatz(
    point: float, value: float, slope: float, begin: float, end: float, last: float
) -> Ansatz:
    """The value and slope at a critical point, and the value at the end of the interval.

    Args:
        point: where it is.
        value: there.
        slope: there: the root that is wanted.
        begin: of the interval.
        end: of the interval.
        last: value there.
    """
    span = end - point
    if not (begin <= point < end and np.isfinite([value, slope, begin, end, last]).all()):
        raise BadSpec(
            f"singular_points: expected finite numbers and a critical point between the ends, got {point} in "
            f"{begin} to {end}"
        )
    since = np.polynomial.Polynomial([-point, 1.0])
    offset = value + slope * since + (last - value - slope * span) / span**2 * since**2
    bubble = since**2 * np.polynomial.Polynomial([end, -1.0])
    # of order one, or the network would have to be large on the steeper side
    bubble = bubble / max(bubble(np.linspace(begin, end, 1001)))
    return Ansatz(0.0, *(tuple(float(c) for c in p.coef) for p in (offset, bubble)))


def solve_singular(
    problem: Problem, weighing: str = "adaptive", training: Training = Training(), *, seeds: int = 1, key: PRNGKeyArray  # noqa: B008
) -> list[Solution]:  # fmt: skip
    """Train networks to obey the equation, one a seed, side by side.

    Args:
        problem: equation, ansatz and interval.
        weighing: one of WEIGHINGS.
        training: what is spent on each.
        seeds: how many.
        key: of all draws.
    """
    _check(problem, weighing, training, seeds)
    ends, offset, bubble = (
        jnp.asarray(c, jnp.float32)
        for c in ((problem.begin, problem.end), problem.ansatz.offset, problem.ansatz.bubble)
    )
    loss = SingularLoss(problem.equation, ends, offset, bubble, weighing)
    own, draws = jax.random.split(key)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(own)).ravel().tolist())
    models = [_new_network(training, rng) for _ in range(seeds)]
    stage = Stage(loss, _drawer(training.points), training.updates, 1)
    memory = jnp.zeros(training.points if weighing == "adaptive" else 0, jnp.float32)
    trained = fit_weights(
        models, (stage,), (), _unjudged, Recipe(rate=training.rate), memory=memory, name="singular point", key=draws
    )  # fmt: skip
    return [Solution(loss, problem.ansatz.exponent, seed.model) for seed in trained]


def _drawer(points: int) -> Callable[[np.random.Generator, tuple[int, ...]], Array]:
    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return jnp.asarray((np.arange(points) + rng.random((*shape, points))) / points, jnp.float32)

    return draw


def _unjudged(model: PointNetwork) -> Verdict:
    """The last weights are kept."""
    return Verdict(0.0, 0.0, 0.0)


def _new_network(training: Training, rng: np.random.Generator) -> PointNetwork:
    """Bends of the first layer lie anywhere in the interval."""
    width = training.width
    steep = rng.choice([-1.0, 1.0], width) * (2.0 + 3.0 * rng.random(width))
    layers = [(steep[None], -steep * (2.0 * rng.random(width) - 1.0))]
    for into, out in itertools.pairwise([width] * training.depth + [1]):
        layers.append((rng.normal(size=(into, out)) / np.sqrt(into), np.zeros(out)))
    layers[-1] = (0.3 * layers[-1][0], layers[-1][1])
    return PointNetwork(tuple((jnp.asarray(w, jnp.float32), jnp.asarray(b, jnp.float32)) for w, b in layers))


def _at(coefficients: Array, x: Array) -> Array:
    return jnp.polyval(coefficients[::-1], x)


def _check(problem: Problem, weighing: str, training: Training, seeds: int) -> None:
    if weighing not in WEIGHINGS:
        raise BadSpec(f"a residual is weighed in one of the ways {', '.join(WEIGHINGS)}, got {weighing!r}")
    if min(training.updates, training.points, training.width, training.depth, seeds) < 1:
        raise BadSpec("updates, points, width, depth and seeds must be at least 1")
    if not (0 <= problem.begin < problem.end < np.inf):
        raise BadSpec(
            f"an interval begins at 0 or beyond and ends later, got {problem.begin} to {problem.end}"
        )
