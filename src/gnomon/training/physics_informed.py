r"""Physics-informed training: a network of time obeys an equation, at all times at once or by a curriculum in time.

A network N of time stands for the solution of y' = f(y; c), y(t0) = y0:

.. math::
    y(t) = y_0 + S \big(1 - e^{-(t - t_0)/\tau}\big) N(t), \qquad
    \text{loss} = \big\langle |P (y' - f(y; c))|^2 \big\rangle_t + w \big\langle |(y(t_i) - o_i)/S|^2 \big\rangle_i

The start holds exactly (a trial solution, Lagaris, Likas and Fotiadis 1998, doi:10.1109/72.712178), so the residual is
all there is to reduce (Raissi, Perdikaris and Karniadakis 2019, doi:10.1016/j.jcp.2018.10.045). Three ways:

* "whole": all times from the first update on: the plain method. On chaotic or long problems it settles where the
  residual is small almost everywhere and the solution wrong: past one bad moment another solution of the equation
  obeys it as well.
* "growing": one network, drawn times reach further and further (Wight and Zhao 2021, doi:10.4208/cicp.OA-2020-0086).
* "marched": windows one after the other, each with a network of its own, whose start is the end of the one before
  (the same paper; Krishnapriyan and others 2021, arXiv 2109.01050, found it necessary). All windows together get as
  many updates as "whole".

The causal weighting of Wang, Sankaran and Perdikaris (2022), arXiv 2203.07404, is left out on purpose: the licence of
its code excludes commercial use and a patent is claimed. Windows and growing horizons were published before it.

Inverse mode: coefficients of the equation that are unknown are learnt along with the solution, from observations.

What differs from the papers: the network is a function of time alone and gives the whole state, so that a field's
derivatives in space are taken by the problem itself (on a ring exactly, by Fourier) and not through the network; times
are drawn anew for every update; the first layer's bends are spread over the time that it covers, as many to a unit of
time as the solution needs, whatever the way: without that the plain method cannot even draw a long solution.

What misleads: a small residual is not a small error; in chaos the error is the residual times exp(lambda t). And a
marched solution has as many networks as windows: its weights are counted in `Solution.weights`.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Recipe, Stage, fit_weights

WAYS = ("whole", "growing", "marched")
FIRST, GROWN = (
    0.1,
    0.8,
)  # share of the time that a growing horizon starts with; of the updates after which it is whole

Coefficients = Mapping[str, Any]


class Problem(eqx.Module):
    """An initial value problem.

    Attributes:
        tendency: (y, coefficients) -> y'. A module, or a function that is defined once (it is compiled into the loss).
        weigh: (residual) -> what is squared: of order one for a poor solution, the same for all its parts.
        coefficients: name -> value (of those that are unknown, the first guess).
        scale: [n] the size of the state's numbers.
        pace: time in which the state changes by its size.
        begin: the time of the start.
        end: of the solution.
    """

    tendency: Callable[[Array, Coefficients], Array]
    weigh: Callable[[Array], Array]
    coefficients: dict[str, Array]
    scale: Float[Array, " n"]
    pace: Float[Array, ""]
    begin: Float[Array, ""]
    end: Float[Array, ""]


class Observed(NamedTuple):
    """What is known of the solution besides its start.

    Attributes:
        times: [observation].
        values: [observation, number].
        numbers: which of the state's numbers are seen.
        weight: of the misfit in the loss.
    """

    times: Array
    values: Array
    numbers: tuple[int, ...]
    weight: float = 10.0


class Training(NamedTuple):
    """How much is spent, on all windows together.

    Attributes:
        updates: of the weights.
        times: drawn for each update.
        width: units of each hidden layer.
        depth: hidden layers.
        rate: learning rate at its highest; it falls to nothing in every window.
        windows: of a marched solution.
        restarts: how often the training of a window begins with a high rate and without momenta, its first included.
    """

    updates: int = 6000
    times: int = 32
    width: int = 48
    depth: int = 2
    rate: float = 3e-3
    windows: int = 10
    restarts: int = 1


class TimeNetwork(eqx.Module):
    """One window's solution. `start` and `begin` are given, not learnt; `shifts` are of the unknown coefficients.

    Attributes:
        layers: of the network: weights and biases.
        start: [n] at `begin`.
        begin: of the window.
        shifts: name -> departure from the first guess, in units of its size.
    """

    layers: tuple[tuple[Array, Array], ...]
    start: Float[Array, " n"]
    begin: Float[Array, ""]
    shifts: dict[str, Array]

    def __call__(self, problem: Problem, time: Array) -> Float[Array, " n"]:
        """The state at a time of the window."""
        since = (time - jax.lax.stop_gradient(self.begin)) / problem.pace
        h = since[None]
        for weights, bias in self.layers[:-1]:
            h = jnp.tanh(h @ weights + bias)
        made = h @ self.layers[-1][0] + self.layers[-1][1]
        return jax.lax.stop_gradient(self.start) - problem.scale * jnp.expm1(-since) * made

    def coefficients(self, problem: Problem) -> dict[str, Array]:
        """All of the equation's, the unknown ones as learnt so far."""
        known = dict(problem.coefficients)
        return {**known, **{k: known[k] + _size(known[k]) * v for k, v in self.shifts.items()}}


class PhysicsLoss(eqx.Module):
    """Mean square of the weighted residual at drawn times, and of the misfit where something was observed."""

    problem: Problem
    edges: Float[Array, "2"]
    observed: Observed | None
    seen: Array | None
    growing: bool = eqx.field(static=True)

    def __call__(
        self, model: TimeNetwork, memory: Any, data: Any, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` are numbers from 0 to 1: where in the window, or in its part that is open so far."""
        reach = FIRST + (1.0 - FIRST) * jnp.minimum(progress / GROWN, 1.0) if self.growing else 1.0
        times = self.edges[0] + rows * reach * (self.edges[1] - self.edges[0])
        loss = jnp.mean(residuals(self.problem, model, times) ** 2)
        if self.observed is not None and self.seen is not None:
            made = jax.vmap(lambda t: model(self.problem, t))(self.observed.times)
            numbers = np.asarray(self.observed.numbers)
            gap = (made[:, numbers] - self.observed.values) / self.problem.scale[numbers]
            # only what was seen in this window, and so far, is compared
            open_ = self.seen * (
                self.observed.times <= self.edges[0] + reach * (self.edges[1] - self.edges[0])
            )
            misfit = jnp.sum(open_[:, None] * gap**2) / jnp.maximum(open_.sum() * len(numbers), 1.0)
            loss = loss + self.observed.weight * misfit
        return loss, memory


def residuals(problem: Problem, model: TimeNetwork, times: Array) -> Array:
    """[time, ...] the weighted residual."""
    coefficients = model.coefficients(problem)

    def at(time: Array) -> Array:
        y, slope = jax.jvp(lambda t: model(problem, t), (time,), (jnp.ones_like(time),))
        return problem.weigh(slope - problem.tendency(y, coefficients))

    return jax.vmap(at)(times)


class Solution(NamedTuple):
    """A solution, window by window.

    Attributes:
        problem: that was solved.
        edges: [window + 1] times.
        networks: one a window.
    """

    problem: Problem
    edges: np.ndarray
    networks: tuple[TimeNetwork, ...]

    @property
    def weights(self) -> int:
        """Numbers that were learnt, of all windows."""
        return sum(a.size for net in self.networks for a in jax.tree.leaves((net.layers, net.shifts)))

    @property
    def learnt(self) -> dict[str, float]:
        """Unknown coefficient -> its value, the mean over windows."""
        found = [net.coefficients(self.problem) for net in self.networks]
        return {k: float(np.mean([c[k] for c in found])) for k in self.networks[0].shifts}

    def at(self, times: ArrayLike) -> np.ndarray:
        """[time, n] the state; a time on an edge belongs to the window that ends there."""
        times = np.asarray(times, float)
        window = np.clip(np.searchsorted(self.edges, times) - 1, 0, len(self.networks) - 1)
        out = np.empty((len(times), len(self.problem.scale)))
        for n, net in enumerate(self.networks):
            mine = window == n
            if mine.any():
                out[mine] = np.asarray(
                    _states(net, self.problem, jnp.asarray(times[mine], self.problem.scale.dtype))
                )
        return out


@eqx.filter_jit
def _states(model: TimeNetwork, problem: Problem, times: Array) -> Array:
    return jax.vmap(lambda t: model(problem, t))(times)


def solve(
    problem: Problem,
    starts: Float[ArrayLike, "run n"],
    way: str = "marched",
    training: Training = Training(),  # noqa: B008
    *,
    unknown: Sequence[str] = (),
    observed: Observed | None = None,
    key: PRNGKeyArray,
) -> list[Solution]:
    """Train networks to obey the equation, several runs side by side.

    Args:
        problem: equation, coefficients and times.
        starts: one a run; runs differ in their networks too, so a start that is given twice is two seeds.
        way: one of WAYS.
        training: what is spent on each run.
        unknown: coefficients to be learnt; `problem.coefficients` holds the first guess. It takes observations.
        observed: the same for all runs.
        key: of all draws.
    """
    _check(problem, way, training, unknown, observed)
    windows = training.windows if way == "marched" else 1
    edges = np.linspace(float(problem.begin), float(problem.end), windows + 1)
    dtype = problem.scale.dtype
    now = np.asarray(starts, dtype)
    shifts = [{name: np.zeros((), dtype) for name in unknown} for _ in now]
    found: list[list[TimeNetwork]] = [[] for _ in now]
    for n in range(windows):
        own, draws = jax.random.split(jax.random.fold_in(key, n))
        rng = np.random.default_rng(np.asarray(jax.random.key_data(own)).ravel().tolist())
        models = [
            _new_network(problem, edges[n : n + 2], y, s, training, rng)
            for y, s in zip(now, shifts, strict=True)
        ]
        share = training.updates * (n + 1) // windows - training.updates * n // windows
        for again in range(training.restarts):
            part = share * (again + 1) // training.restarts - share * again // training.restarts
            stage = _stage(problem, edges[n : n + 2], way, observed, part, training.times)
            name, own = f"window {n + 1}", draws if again == 0 else jax.random.fold_in(draws, again)
            name += f", start {again + 1}" if training.restarts > 1 else ""
            trained = fit_weights(
                models, (stage,), (), _unjudged, Recipe(rate=training.rate), name=name, key=own
            )
            models = [seed.model for seed in trained]
        last = jnp.asarray(edges[n + 1 : n + 2], dtype)
        for i, model in enumerate(models):
            found[i].append(model)
            now[i] = np.asarray(_states(model, problem, last))[0]
            shifts[i] = {k: np.asarray(v) for k, v in model.shifts.items()}
    return [Solution(problem, edges, tuple(nets)) for nets in found]


def _unjudged(model: TimeNetwork) -> Verdict:
    """The last weights are kept: by their residual, early networks that are constant would often win."""
    return Verdict(0.0, 0.0, 0.0)


def _stage(
    problem: Problem, edges: np.ndarray, way: str, observed: Observed | None, updates: int, times: int
) -> Stage:
    dtype = problem.scale.dtype
    seen = None
    if observed is not None:
        at = np.asarray(observed.times)
        seen = jnp.asarray((at > edges[0]) & (at <= edges[1]), dtype)

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        # one in each of equal parts: no moment is left out for long
        return jnp.asarray((np.arange(times) + rng.random((*shape, times))) / times, dtype)

    return Stage(
        PhysicsLoss(problem, jnp.asarray(edges, dtype), observed, seen, way == "growing"), draw, updates, 1
    )


def weights_of(width: int, depth: int, numbers: int) -> int:
    """How many one network learns that gives so many numbers."""
    return 2 * width + (depth - 1) * (width + 1) * width + (width + 1) * numbers


def _new_network(
    problem: Problem,
    edges: np.ndarray,
    start: np.ndarray,
    shifts: dict[str, np.ndarray],
    training: Training,
    rng: np.random.Generator,
) -> TimeNetwork:
    """Bends of the first layer lie anywhere in the window, each as steep as the state's own changes."""
    dtype, width = problem.scale.dtype, training.width
    length = float(edges[1] - edges[0]) / float(problem.pace)
    steep = rng.choice([-1.0, 1.0], width) * (1.0 + rng.random(width))
    layers = [(steep[None], -steep * length * rng.random(width))]
    sizes = [width] * training.depth + [len(start)]
    for into, out in itertools.pairwise(sizes):
        layers.append((rng.normal(size=(into, out)) / np.sqrt(into), np.zeros(out)))
    layers[-1] = (0.3 * layers[-1][0], layers[-1][1])
    return TimeNetwork(
        layers=tuple((jnp.asarray(w, dtype), jnp.asarray(b, dtype)) for w, b in layers),
        start=jnp.asarray(start, dtype),
        begin=jnp.asarray(edges[0], dtype),
        shifts={k: jnp.asarray(v, dtype) for k, v in shifts.items()},
    )


def _size(value: Array) -> Array:
    return jnp.where(value == 0, jnp.ones_like(value), jnp.abs(value))


def _check(
    problem: Problem, way: str, training: Training, unknown: Sequence[str], observed: Observed | None
) -> None:
    if way not in WAYS:
        raise BadSpec(f"a solution is found in one of the ways {', '.join(WAYS)}, got {way!r}")
    if min(training.times, training.width, training.depth, training.windows, training.restarts) < 1:
        raise BadSpec(
            "times, width, depth, windows and restarts of a physics-informed training must be at least 1"
        )
    if training.updates < training.windows * training.restarts:
        raise BadSpec(
            f"{training.windows} windows with {training.restarts} restarts need at least as many updates, "
            f"got {training.updates}"
        )
    if float(problem.end) <= float(problem.begin):
        raise BadSpec(f"a solution ends after it begins, got {problem.begin} to {problem.end}")
    strange = [k for k in unknown if k not in problem.coefficients]
    if strange:
        raise BadSpec(f"unknown coefficients {strange} are not among {', '.join(problem.coefficients)}")
    if unknown and observed is None:
        raise BadSpec("unknown coefficients can be learnt from observations only; give `observed`")
