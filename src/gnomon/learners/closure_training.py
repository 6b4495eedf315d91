"""How a network becomes a closure: on the errors of single steps, then through the solver."""

import dataclasses
import itertools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import Data
from gnomon.core.world import AbstractWorld
from gnomon.learners.closure_terms import NetworkTerm, closed_step, seen_by_network
from gnomon.numerics.closures import asked, from_points, on_points
from gnomon.numerics.periodic_stencil import Stencil
from gnomon.numerics.plane_spectral import times
from gnomon.spec.errors import BadData
from gnomon.training.trainer import Stage

CHUNK = 16  # states whose errors are computed in one compiled call


class Lessons(NamedTuple):
    """Training trajectories of a closure.

    Attributes:
        seen: [trajectory, time, input, y, x] what the network sees.
        fields: [trajectory, time, field, y, x] observations.
        lacking: [trajectory, time - 1, layer, y, x] what one coarse step from each observation gets wrong, as a rate.
        knobs: knob -> [trajectory, time].
        time: [time].
    """

    seen: Float[Array, "trajectory time input y x"]
    fields: Float[Array, "trajectory time field y x"]
    lacking: Float[Array, "trajectory lead layer y x"]
    knobs: Knobs
    time: Float[Array, " time"]


def lessons_of(physics: Any, data: Data, *, key: PRNGKeyArray) -> Lessons:
    """Step the coarse flow once from every training observation.

    The rate is (observation - coarse step) / (length of the step): the filtered truth's own tendency minus the coarse
    one, a mean over one observation step. A sharp cut ends all beyond the waves that a coarse flow is asked for, in
    what is seen, stepped and wanted: on shorter ones the coarse flow's own filter acts, and the lesson would be about
    it. In a run of the closed flow they are there, and what they do to the others is in no lesson.
    """
    if len(data.time) < 2:
        raise BadData("a closure needs trajectories of at least two observations")
    dtype = physics.plane.mask.dtype
    obs = {v.name: jnp.asarray(data.obs[v.name][data.train], dtype) for v in data.card.variables}
    knobs = {k: jnp.asarray(v[data.train], dtype) for k, v in data.forcing.items()}
    time = jnp.asarray(data.time, dtype)
    parts = [
        _lessons(physics, {k: v[i] for k, v in obs.items()}, {k: v[i] for k, v in knobs.items()}, time, key)
        for i in range(len(data.train))
    ]
    seen, lacking = (jnp.stack(x) for x in zip(*parts, strict=True))
    fields = jnp.stack([obs[v.name] for v in data.card.variables], axis=2)
    return Lessons(seen, fields, lacking, knobs, time)


@eqx.filter_jit
def _lessons(physics: Any, obs: Any, knobs: Knobs, time: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
    """What is seen and lacking along one trajectory."""
    plane, points, span = physics.plane, physics.points, physics.inner_step() * physics.substeps
    background = physics.init(key=key)
    forcing = Forcing(times={k: time for k in knobs}, values=knobs)

    def one(now: tuple[Any, Any, Array]) -> tuple[Array, Array]:
        here, there, start = now
        spectrum = times(asked(plane), physics.spectrum(physics.lift(here, background)))
        flow = physics.layers(spectrum, forcing.at(start))
        moved = physics.spectrum(physics.step(physics.state(spectrum), forcing, time=start, key=key))
        wanted = from_points(plane, jnp.stack([there[k] for k in physics.names]))
        rate = times(asked(plane) / span, (wanted - moved)[: len(flow.carried)])
        return seen_by_network(plane, flow, points), on_points(plane, rate, points)

    here, there = ({k: v[which] for k, v in obs.items()} for which in (slice(None, -1), slice(1, None)))
    return jax.lax.map(one, (here, there, time[:-1]), batch_size=CHUNK)


def new_term(
    lessons: Lessons, points: int, *, width: int, depth: int, rng: np.random.Generator
) -> NetworkTerm:
    """An untrained network with a silent last layer, scaled by the lessons."""
    inputs, layers = lessons.seen.shape[2], lessons.lacking.shape[2]
    widths = [inputs, *[width] * (depth - 1), layers]
    dtype = lessons.seen.dtype
    stencils = tuple(
        _drawn(a, b, 0.0 if n == depth - 1 else 1.4, dtype, rng)
        for n, (a, b) in enumerate(itertools.pairwise(widths))
    )
    return NetworkTerm(
        layers=stencils,
        inputs=jnp.maximum(lessons.seen.std((0, 1, 3, 4)), jnp.finfo(dtype).tiny),
        size=jnp.maximum(lessons.lacking.std((0, 1, 3, 4)), jnp.finfo(dtype).tiny),
        points=points,
    )


def _drawn(inputs: int, outputs: int, scale: float, dtype: Any, rng: np.random.Generator) -> Stencil:
    weights = rng.standard_normal((9 * inputs, outputs)) * scale / np.sqrt(9 * inputs)
    return Stencil(jnp.asarray(weights, dtype), jnp.zeros(outputs, dtype))


class Offline(eqx.Module):
    """Mean squared error of the rate at single moments, in units of its standard deviation."""

    term: NetworkTerm

    def __call__(
        self, layers: Any, memory: Any, data: Lessons, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [moment, 2]: trajectory and moment."""
        term = dataclasses.replace(self.term, layers=layers)

        def one(at: Array) -> Array:
            gap = term.on_grid(data.seen[at[0], at[1]]) - data.lacking[at[0], at[1]]
            return jnp.mean((gap / self.term.size[:, None, None]) ** 2)

        return jnp.mean(jax.vmap(one)(rows)), memory


class Online(eqx.Module):
    """Mean squared error along short runs of the closed flow, over the size of the error of one coarse step.

    Attributes:
        term: with any weights.
        physics: the coarse flow.
        steps: of a run, in observation steps.
    """

    term: NetworkTerm
    physics: AbstractWorld
    steps: int = eqx.field(static=True)

    def __call__(
        self, layers: Any, memory: Any, data: Lessons, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [run, 2]: trajectory and first moment."""
        physics: Any = self.physics
        term, plane = dataclasses.replace(self.term, layers=layers), physics.plane
        names = [v.name for v in physics.card.variables]
        size = self.term.size * physics.inner_step() * physics.substeps
        background = physics.init(key=jax.random.key(0))

        def one(at: Array) -> Array:
            moments = at[1] + jnp.arange(self.steps + 1)
            truth, time = data.fields[at[0], moments], data.time[moments]
            knobs = {k: v[at[0], moments] for k, v in data.knobs.items()}
            forcing = Forcing(times={k: time for k in knobs}, values=knobs)
            state = physics.lift(dict(zip(names, truth[0], strict=True)), background)
            wanted = from_points(plane, truth[:, : len(size)])

            def step(spectrum: Array, n: Array) -> tuple[Array, Array]:
                spectrum = closed_step(physics, term, spectrum, forcing, time=time[n])
                gap = times(asked(plane), spectrum[: len(size)] - wanted[n + 1])
                return spectrum, jnp.mean(plane.mean_product(gap, gap) / size**2)

            begin = times(asked(plane), physics.spectrum(state))
            errors = jax.lax.scan(step, begin, jnp.arange(self.steps))[1]
            # errors add up along a run, so late ones would be all that counts
            return jnp.mean(errors / (1.0 + jnp.arange(self.steps)) ** 2)

        return jnp.mean(jax.vmap(one)(rows)), memory


def moments_stage(loss: Any, data: Lessons, *, ahead: int, updates: int, snapshots: int, batch: int) -> Stage:
    """A stage on moments drawn anywhere with so many observations after them."""
    trajectories, length = data.fields.shape[:2]
    if length <= ahead:
        raise BadData(f"trajectories need at least {ahead + 1} observations to unroll, got {length}")

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        size = (*shape, batch)
        picked = [rng.integers(0, trajectories, size), rng.integers(0, length - ahead, size)]
        return jnp.asarray(np.stack(picked, axis=-1), jnp.int32)

    return Stage(loss, draw, updates, snapshots)
