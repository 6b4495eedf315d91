"""What a solver knows of its own labour: local error and stiffness, as numbers that training can make small.

The formulas are those of Tsitouras (2011), doi:10.1016/j.camwa.2011.06.002; coefficients and the adaptive loop are
diffrax's. Time is counted in observation steps, states are standardised.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

Field = Callable[[Any, Array, Any], Array]  # (time, state, args) -> rate of change

STAGES = 6  # evaluations of one step; its last stage is the next one's first
STABILITY = (
    3.5068  # how far the region of stability reaches along the negative axis, as the paper's code has it
)
TINY = 1e-20


class Labour(NamedTuple):
    """What one step of the solver would tell.

    Attributes:
        error: root mean square of the embedded error estimate over the tolerated error; accepted where below 1.
        stiffness: estimate of the largest rate of the field, |f(a) - f(b)| / |a - b| for two late stages (Shampine
            1977), over the size of the region of stability.
    """

    error: Array
    stiffness: Array


class Solved(NamedTuple):
    """A path found by the adaptive solver.

    Attributes:
        states: at the observations 1 … steps; not finite where more than the allowed steps were needed.
        times: [most + 1] where the accepted steps begin and end; infinite beyond the last.
        visited: the states there.
        evaluations: of the field, rejected steps included.
    """

    states: Array
    times: Float[Array, " visit"]
    visited: Array
    evaluations: Array


def tsit5_step(field: Field, state: Array, time: Any, length: Any) -> Array:
    """One step of fifth order, six evaluations."""
    return _combined(state, _stages(field, state, time, length)[0], _tableau().b_sol, length)


def labour_of_step(field: Field, state: Array, time: Any, length: Any, tolerance: float) -> Labour:
    """Error and stiffness estimates of one step, seven evaluations; differentiable in state and field."""
    tableau = _tableau()
    rates, before = _stages(field, state, time, length)
    after = _combined(state, rates, tableau.b_sol, length)
    rates = [*rates, field(time + length, after, None)]
    error = _combined(jnp.zeros_like(state), rates, tableau.b_error, length)
    allowed = tolerance * (1.0 + jnp.maximum(jnp.abs(state), jnp.abs(after)))
    top = jnp.sqrt(jnp.sum((rates[-1] - rates[-2]) ** 2) + TINY)
    bottom = jnp.sqrt(jnp.sum((after - before) ** 2) + TINY)
    return Labour(jnp.sqrt(jnp.mean((error / allowed) ** 2) + TINY), top / bottom / STABILITY)


def solve_path(
    field: Field, state: Array, steps: int, *, tolerance: float, most: int, trained: bool = False
) -> Solved:
    """The path over so many observation steps, in steps that the solver chooses (they may span observations).

    Args:
        field: an equinox module or function of (time, state, args).
        state: at time 0.
        steps: observation steps.
        tolerance: relative and absolute.
        most: solver steps allowed, rejected ones included.
        trained: whether reverse-mode derivatives are wanted (checkpointed); forward mode passes otherwise.
    """
    import diffrax

    saved = diffrax.SaveAt(
        subs=[
            diffrax.SubSaveAt(ts=jnp.arange(1.0, steps + 1.0, dtype=state.dtype)),
            diffrax.SubSaveAt(t0=True, steps=True),
        ]
    )
    found = diffrax.diffeqsolve(
        diffrax.ODETerm(field),  # pyright: ignore[reportArgumentType]
        diffrax.Tsit5(),
        t0=0.0,
        t1=float(steps),
        dt0=1.0,
        y0=state,
        saveat=saved,
        stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
        max_steps=most,
        adjoint=diffrax.RecursiveCheckpointAdjoint() if trained else diffrax.ForwardMode(),
        throw=False,
    )
    assert found.ys is not None and found.ts is not None
    evaluations = STAGES * found.stats["num_steps"] + 1
    return Solved(found.ys[0], found.ts[1], found.ys[1], evaluations)


def global_labour(field: Field, solved: Solved, tolerance: float) -> Labour:
    r"""Mean over the accepted steps of error times length, and their largest stiffness.

    .. math::
        R_E = \langle E_j |h_j| \rangle_j, \qquad R_S = \max_j S_j

    Pal, Ma, Shah and Rackauckas (2021), Opening the Blackbox, arXiv 2105.03918. Different here: the estimates are
    computed once more at the states that the solver visited, so that its loop stays closed (seven further evaluations
    a step); the step lengths are constants for the derivative, since with them free the network is rewarded for being
    hard to solve.
    """
    lengths = jnp.diff(solved.times)
    real = jnp.isfinite(lengths) & (lengths > 0)
    lengths = jax.lax.stop_gradient(jnp.where(real, lengths, 0.0))
    begin = jnp.where(real, solved.times[:-1], 0.0)
    states = jnp.where(real.reshape(-1, *[1] * (solved.visited.ndim - 1)), solved.visited[:-1], 0.0)
    labour = jax.vmap(lambda y, t, h: labour_of_step(field, y, t, h, tolerance))(states, begin, lengths)
    count = jnp.maximum(jnp.sum(real), 1)
    error = jnp.sum(jnp.where(real, labour.error * lengths, 0.0)) / count
    return Labour(error, jnp.max(jnp.where(real, labour.stiffness, 0.0)))


def local_labour(
    field: Field, solved: Solved, tolerance: float, *, biased: bool, key: PRNGKeyArray
) -> Labour:
    """Error times length, and stiffness, of one step at a random time of the path.

    `biased` draws one of the solver's own steps, hence more often where it toils; otherwise the time is uniform over
    the path, and the step is the one that the solver took there. The state is a constant for the derivative, as in the
    authors' code, so that any way to differentiate the path will do. Pal, Edelman and Rackauckas (2023), arXiv
    2303.02262. Different here: the step has the length that the solver chose, where theirs has that of a fresh start.
    """
    lengths = jnp.diff(solved.times)
    real = jnp.isfinite(lengths) & (lengths > 0)
    weights = jnp.where(real, 1.0 if biased else lengths, 0.0)
    at = jax.random.categorical(key, jnp.log(weights + TINY))
    length, begin = (jnp.where(real[at], v[at], 0.0) for v in (lengths, solved.times[:-1]))
    state = jnp.where(real[at], solved.visited[at], 0.0)
    length, begin, state = jax.lax.stop_gradient((length, begin, state))
    labour = labour_of_step(field, state, begin, length, tolerance)
    return Labour(labour.error * length, labour.stiffness)


def _tableau() -> Any:
    import diffrax

    return diffrax.Tsit5.tableau


def _stages(field: Field, state: Array, time: Any, length: Any) -> tuple[list[Array], Array]:
    """The first six rates, and the state where the sixth was taken."""
    tableau = _tableau()
    rates, inner = [field(time, state, None)], state
    for c, row in zip(tableau.c[: STAGES - 1], tableau.a_lower[: STAGES - 1], strict=True):
        inner = _combined(state, rates, row, length)
        rates.append(field(time + float(c) * length, inner, None))
    return rates, inner


def _combined(state: Array, rates: list[Array], weights: Any, length: Any) -> Array:
    total = sum(float(w) * r for w, r in zip(weights, rates, strict=False))
    return state + length * total
