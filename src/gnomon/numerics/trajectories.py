"""One trajectory each of many different systems: where compiling, not stepping, is what takes the time."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.numerics.adaptive import REACHED, STEPS, Solution, require_times, solve
from gnomon.numerics.eighth_order import integrate
from gnomon.numerics.scalar_code import NotScalar, Scalar, scalar_code
from gnomon.numerics.tiles import in_threads

RightHandSide = Callable[[tuple[Any, ...]], Sequence[Any]]
LARGE = 24  # components, above which plain Python is the slower way even for a single run
QUICK: dict[str, str | bool] = {
    "xla_cpu_use_fusion_emitters": False
}  # XLA's older code generator: half the time to compile, the same speed
PATIENCE = 20_000  # steps in plain Python, after which a system is compiled after all


def trajectories(
    fs: Sequence[RightHandSide],
    states: Sequence[np.ndarray | Sequence[float]],
    times: Sequence[np.ndarray],
    *,
    rtol: float = 1e-9,
    atol: float = 1e-9,
    max_steps: int = 200_000,
    compiled: bool = False,
) -> list[Solution]:
    """Integrate each system from its own state with error control, and give its states at its own times.

    A program for one small system takes much longer to compile than a thousand of its points take in plain Python
    (`benchmarks/flow_speed.py` prints both), so by default the right-hand side is written out as Python arithmetic
    and stepped by the Dormand-Prince method of order eight. `compiled` is for systems that run again and again:
    then all but the first cost little. What is kept is kept by the identity of a right-hand side.

    Args:
        fs: right-hand sides: from a tuple of components to their time derivatives.
        states: one for each, at its first time.
        times: ascending, one array for each.
        rtol: relative tolerance of one step.
        atol: absolute tolerance of one step.
        max_steps: after which the outcome is `adaptive.STEPS`.
        compiled: compile with XLA, in as many threads as there are cores, and use Tsitouras' pair of order five.
            Systems that are not arithmetic of single numbers, large, or stiff (many steps) are compiled in any case.
    """
    for at in times:
        require_times(at, rtol if compiled else None)
    jobs = list(zip(fs, states, times, strict=True))
    found: list[Solution | None] = [None] * len(jobs)
    for i, (f, state, at) in enumerate([] if compiled else jobs):
        plain = _scalar(f, len(state))
        if plain is not None:
            most = min(max_steps, PATIENCE)
            told = np.asarray(state, float), np.asarray(at, float)
            run = Solution(*integrate(plain, *told, rtol=rtol, atol=atol, max_steps=most))
            # Plain Python evaluates both branches of a `where`, and one may raise: XLA has the last word on a failure.
            found[i] = run if run.outcome == REACHED or (run.outcome == STEPS and most == max_steps) else None
    rest = [i for i, run in enumerate(found) if run is None]
    for i, run in zip(
        rest, in_threads(_compiled, [(*jobs[i], rtol, atol, max_steps) for i in rest]), strict=True
    ):
        found[i] = run
    return [run for run in found if run is not None]


@functools.lru_cache(maxsize=1024)
def _scalar(f: RightHandSide, size: int) -> Scalar | None:
    """Plain Python, or nothing where there is none."""
    if size > LARGE:
        return None
    try:
        return scalar_code(f, size)
    except NotScalar:
        return None


def _compiled(f: RightHandSide, state: Any, times: Any, rtol: float, atol: float, max_steps: int) -> Solution:
    kind = np.dtype(jnp.result_type(float))
    program = _program(f, len(state), len(times), str(kind))
    found = program(
        np.asarray(state, kind),
        np.asarray(times, kind),
        kind.type(rtol),
        kind.type(atol),
        np.int32(max_steps),
    )
    return Solution(np.asarray(found[0]), int(found[1]), int(found[2]))


@functools.lru_cache(maxsize=1024)
def _program(f: RightHandSide, size: int, times: int, dtype: str) -> Callable[..., Solution]:
    """Compiled: (state, times, rtol, atol, max_steps) -> solution."""

    def slope(u: Array) -> Array:
        return jnp.stack([jnp.asarray(v, u.dtype) for v in f(tuple(u))])

    def run(state: Array, at: Array, rtol: Array, atol: Array, most: Array) -> Solution:
        return solve(jax.jit(slope), state, at, rtol=rtol, atol=atol, max_steps=most)  # pyright: ignore[reportArgumentType]

    number = jax.ShapeDtypeStruct((), dtype)
    shapes = (jax.ShapeDtypeStruct((size,), dtype), jax.ShapeDtypeStruct((times,), dtype), number, number)
    lowered = jax.jit(run).lower(*shapes, jax.ShapeDtypeStruct((), "int32"))
    try:
        return lowered.compile(compiler_options=QUICK)
    except jax.errors.JaxRuntimeError:  # an XLA that does not know the option
        return lowered.compile()
