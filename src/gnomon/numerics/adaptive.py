"""Error-controlled time stepping: Tsitouras' pair of orders five and four, with dense output at given times."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

REACHED, STEPS, UNDERFLOW, LOST = range(4)
OUTCOMES = ("reached the end", "too many steps", "step length underflow", "not finite")

# The last row is also the weights of the step of order five: its slope is the first one of the next step.
STAGES = (
    (0.161,),
    (-0.00848065549235699, 0.335480655492357),
    (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
    (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
    (5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383),
    (0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774),
)
ERROR = (
    0.0017800110522257772, 0.0008164344596567467, -0.007880878010261996, 0.1447110071732629, -0.5823571654525552,
    0.45808210592918686, -1 / 66,
)  # fmt: skip
# The interpolant's weights of each stage: coefficients of theta^2, theta^3, theta^4; the first stage also has theta.
DENSE = (
    (-2.763706197274826, 2.9132554618219126, -1.0530884977290216),
    (0.1317, -0.2234, 0.1017),
    (3.930296236894751, -5.941033872131505, 2.490627285651253),
    (-12.411077166933676, 30.338188630282318, -16.548102889244902),
    (37.50931341651104, -88.1789048947664, 47.37952196281928),
    (-27.896526289197286, 65.09189467479368, -34.87065786149661),
    (1.5, -4.0, 2.5),
)

Parts = tuple[
    Array, ...
]  # of a state: one array of all components, or one array over lanes for each component


class Solution(NamedTuple):
    """States at the times asked for, and how it went.

    Attributes:
        states: [time, component]; after a failure they are NaN.
        outcome: index into `OUTCOMES`.
        steps: accepted and rejected steps taken.
    """

    states: Float[Array, "time component"] | np.ndarray
    outcome: Any
    steps: Any


class Controls(NamedTuple):
    """When a step is good, and when to give up.

    Attributes:
        rtol: relative tolerance of one step.
        atol: absolute tolerance of one step.
        max_steps: after which the outcome is `STEPS`.
        mean: from squares, in parts like the state, to their mean over components.
    """

    rtol: Any
    atol: Any
    max_steps: Any
    mean: Callable[[list[Array]], Array]


class March(NamedTuple):
    """Where a run is. `base`, `width` and `slopes` belong to the last good step, which ends at `t` in `y`."""

    t: Array
    y: Parts
    h: Array
    last: Array
    base: Parts
    width: Array
    slopes: tuple[Parts, ...]
    attempts: Array


def require_times(times: Any, rtol: float | None = None) -> None:
    """Refuse times that do not ascend, and a tolerance that the precision of this session cannot keep.

    For callers outside `jit`: inside it values are not known, and what does not ascend is answered wrongly.
    """
    if np.any(np.diff(np.asarray(times, float)) < 0):
        raise ValueError(
            "times must ascend; to go backward in time integrate the negative of the right-hand side"
        )
    eps = float(jnp.finfo(jnp.result_type(float)).eps)
    if rtol is not None and rtol < 10 * eps:
        raise ValueError(
            f"rtol {rtol:g} is below what this precision can keep ({10 * eps:.1g}); run inside jax.enable_x64(True)"
        )


def solve(
    f: Callable[[Array], Array],
    state: Array,
    times: Array,
    *,
    rtol: float = 1e-9,
    atol: float = 1e-9,
    max_steps: int = 1_000_000,
) -> Solution:
    """Integrate an autonomous system from `times[0]` and give its states at all `times`.

    Tsitouras (2011), doi:10.1016/j.camwa.2011.06.002; a proportional-integral step control with safety 0.9. Unbatched;
    `ensembles.ensemble` runs many. Forward derivatives pass. What misleads: tolerances bound the error of one step,
    not of the trajectory; in a chaotic system that grows by the leading exponent whatever the tolerance.

    Args:
        f: the right-hand side.
        state: at the first time.
        times: ascending.
        rtol: relative tolerance of one step.
        atol: absolute tolerance of one step.
        max_steps: after which the outcome is `STEPS`.
    """
    controls = Controls(rtol, atol, max_steps, lambda squares: jnp.mean(squares[0]))
    states, outcome, steps = march(lambda parts: (f(parts[0]),), (state,), times, controls)
    return Solution(states[0], outcome, steps)


def march(
    f: Callable[[Parts], Any], y: Parts, times: Array, controls: Controls
) -> tuple[Parts, Array, Array]:
    """States at `times` (each part [time, ...]), outcomes and steps; lanes wait for each other at every time.

    The form in parts serves one trajectory (a single part holds all components) and many (a part is one component of
    all lanes, and the controls hold for each lane).
    """
    slope = tuple(f(y))
    begin = controls.mean([jnp.square(s / (1 + jnp.abs(v))) for s, v in zip(slope, y, strict=True)])
    span = times[-1] - times[0]
    h = jnp.minimum(1e-3 * span, 1e-2 / (1e-9 + jnp.sqrt(begin)))
    still = jnp.zeros_like(h)
    run = March(still + times[0], y, h, still + 1.0, y, still, (slope,) * 7, still.astype(jnp.int32))

    def going(run: March) -> Array:
        finite = jnp.isfinite(controls.mean([jnp.square(v) * 0 for v in run.y]))
        return (run.h > 1e-14 * span) & jnp.isfinite(run.h) & (run.attempts < controls.max_steps) & finite

    def until(run: March, target: Array) -> tuple[March, tuple[Parts, Array]]:
        run = jax.lax.while_loop(
            lambda r: jnp.any((r.t < target) & going(r)),
            lambda r: _attempt(f, r, (r.t < target) & going(r), controls),
            run,
        )
        # before the first step the width is zero, and so is what is multiplied by it
        theta = 1 + jnp.where(run.width > 0, (target - run.t) / jnp.where(run.width > 0, run.width, 1), 0)
        reached = run.t >= target
        values = tuple(jnp.where(reached, v, jnp.nan) for v in _dense(run, theta))
        return run, (values, reached)

    run, (values, reached) = jax.lax.scan(until, run, times)
    failure = jnp.where(run.attempts >= controls.max_steps, STEPS, UNDERFLOW)
    failure = jnp.where(jnp.isfinite(controls.mean([v * 0 for v in run.y]) + run.h), failure, LOST)
    return values, jnp.where(reached[-1], REACHED, failure), run.attempts


def _weighted(weights: tuple[float, ...], slopes: list[Parts] | tuple[Parts, ...], i: int) -> Array:
    return sum(w * k[i] for w, k in zip(weights, slopes, strict=True) if w)  # pyright: ignore[reportReturnType]


def _attempt(f: Callable[[Parts], Any], run: March, live: Array, controls: Controls) -> March:
    """One attempt in the lanes that are `live`; the state moves only where the error is small enough."""
    y, h, parts = run.y, run.h, range(len(run.y))
    slopes = [run.slopes[6]]
    moved = y
    for row in STAGES:
        moved = tuple(y[i] + h * _weighted(row, slopes, i) for i in parts)
        slopes.append(tuple(f(moved)))
    square = controls.mean(
        [
            jnp.square(
                h * _weighted(ERROR, slopes, i)
                / (controls.atol + controls.rtol * jnp.maximum(jnp.abs(y[i]), jnp.abs(moved[i])))
            )
            for i in parts
        ]
    )  # fmt: skip
    good = live & (square <= 1.0)  # NaN is not
    # Powers of the error by square roots, which processors have: -1/8, 1/16 and -1/4 are near the textbook's.
    fourth = jnp.sqrt(jnp.sqrt(jnp.sqrt(jnp.where(jnp.isnan(square), 1e8, jnp.clip(square, 1e-20, 1e8)))))
    eighth = jnp.sqrt(fourth)
    factor = jnp.where(good, jnp.clip(0.9 * run.last / eighth, 0.2, 6.0), jnp.clip(0.9 / fourth, 0.1, 1.0))

    def pick(new: Any, old: Any) -> Any:
        return jax.tree.map(lambda a, b: jnp.where(good, a, b), new, old)

    return March(
        pick(run.t + h, run.t), pick(moved, y), jnp.where(live, h * factor, h), pick(jnp.sqrt(eighth), run.last),
        pick(y, run.base), pick(h, run.width), pick(tuple(slopes), run.slopes), run.attempts + live,
    )  # fmt: skip


def _dense(run: March, theta: Array) -> Parts:
    """The state at a fraction theta of the last good step, to fourth order or better."""
    weights = [theta * theta * (a + theta * (b + theta * c)) for a, b, c in DENSE]
    weights[0] = weights[0] + theta
    return tuple(
        base + run.width * sum(w * k[i] for w, k in zip(weights, run.slopes, strict=True))
        for i, base in enumerate(run.base)
    )
