"""Elementwise functions of several arrays with several results, in one loop over the elements on a processor.

XLA makes one loop for each result, and each of them computes again all that the results share: three times the work
for a Runge-Kutta step of three components. A reduction of several arrays is the one operation with several results
that it does in one loop, so the function is put into a reduction of two equal elements.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

Elementwise = Callable[..., Sequence[Any]]

# Above this much the compiler does not unroll the two elements, and what it makes is ten times slower than separate
# loops (jaxlib 0.10: 163 is still unrolled, 171 is not).
LARGEST = 160
# XLA splits an operation between threads from twice this cost on, which costs more than it gives where the members
# are in threads already; it counts one for an operation and ten for a byte.
COST = 95_000
# Operations that do no more than run another program.
CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call")
# Registers as wide as the processor has; XLA's default is half of what newer ones have.
WIDE: dict[str, str | bool] = {"xla_cpu_prefer_vector_width": "512"}


def in_one_loop(f: Elementwise, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """`f(*arrays)` where f gives as many results as it gets arrays, of the same type and shape [lane].

    Reducing the pair (a, a) by "f(a) of two that are there, else the one that is there" gives f(a) whatever order a
    reduction takes, for both elements are the same and only the initial value is not there.

    Args:
        f: elementwise; see `pays`.
        arrays: [lane] each, floating point.
    """
    pairs = tuple(jnp.broadcast_to(v, (2, *v.shape)) for v in arrays)
    there = jnp.ones(pairs[0].shape, bool)

    def merge(a: tuple, b: tuple) -> tuple:
        *own, first = a
        *others, second = b
        one = [lax.select(first, u, v) for u, v in zip(own, others, strict=True)]
        both = first & second
        ahead = [lax.select(both, u, v) for u, v in zip(f(*one), one, strict=True)]
        return (*ahead, first | second)

    absent = tuple(np.zeros((), v.dtype) for v in pairs)
    return tuple(lax.reduce((*pairs, there), (*absent, np.bool_(False)), merge, (0,))[:-1])


def operations(f: Elementwise, arguments: int, dtype: Any) -> int:
    """How many operations f makes of single numbers; 0 where it is not made of such alone, or does not take them.

    0 too where f brings JAX arrays along, were they single numbers: a reduction takes none. Python's and NumPy's
    numbers are constants.
    """
    number = jax.ShapeDtypeStruct((), dtype)
    try:
        traced = jax.make_jaxpr(f)(*[number] * arguments)
    except (TypeError, ValueError, IndexError, AttributeError):  # it asked for arrays and is used on arrays
        return 0
    return _count(traced.jaxpr) or 0


def pays(count: int, arguments: int) -> bool:
    """Whether one loop is the faster way for a function of `count` operations and this many arrays."""
    return 0 < count and count + 6 * arguments <= LARGEST and jax.default_backend() == "cpu"


def widest(count: int, values: int, itemsize: int) -> int:
    """Lanes, a multiple of 8, up to which XLA leaves a loop of `count` operations and `values` arrays in one thread."""
    lanes = 2 * COST // (count + 10 * itemsize * values + 10)
    return max(8, lanes // 8 * 8)


def _count(jaxpr: Any) -> int | None:
    """Operations; None where one is not of single numbers or has a loop or a branch in it."""
    total = 0
    if jaxpr.constvars:  # arrays that f brings along: a reduction does not take them
        return None
    for equation in jaxpr.eqns:
        if any(v.aval.shape for v in equation.outvars):
            return None
        inner = _inside(tuple(equation.params.values()))
        if inner and (len(inner) > 1 or equation.primitive.name not in CALLS):
            return None
        below = _count(inner[0]) if inner else 1
        if below is None:
            return None
        total += below
    return total


def _inside(values: tuple) -> list[Any]:
    """Programs among the parameters of an operation: of a call, a loop, the branches of a condition."""
    found = []
    for value in values:
        if isinstance(value, tuple | list):
            found += _inside(tuple(value))
        elif hasattr(value, "eqns") or hasattr(value, "jaxpr"):
            found.append(getattr(value, "jaxpr", value))
    return found
