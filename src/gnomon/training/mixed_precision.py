"""Mixed precision: matrix products in bfloat16, everything else as it was.

bfloat16 keeps 8 bits of a number. A product of matrices bears that, since its errors average out; a state to which
small increments are added, a loss that is a small difference of large numbers, or a weight that moves by a thousandth
of itself do not. So only products (and convolutions) round their operands and their result, forwards and backwards;
sums, states, losses, weights and the optimiser's moments stay in their own precision (Micikevicius et al. 2018,
arXiv 1710.03740, in the form in which operations and not whole networks are cast).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr, Literal

PRODUCTS = ("dot_general", "conv_general_dilated")


def products_in_bfloat16(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of arrays, with its products in bfloat16; differentiate it afterwards, not before.

    Products of double precision are left alone: whoever asks for them has a reason. So are those inside of custom
    derivatives.
    """

    def rounded(*args: Any) -> Any:
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*args)
        found = _run(closed, jax.tree.leaves(args))
        return jax.tree.unflatten(jax.tree.structure(shape), found)

    return rounded


def _run(closed: ClosedJaxpr, args: list[Any]) -> list[Any]:
    jaxpr = closed.jaxpr
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    values.update(zip(jaxpr.invars, args, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    for equation in jaxpr.eqns:
        given, params = [read(a) for a in equation.invars], equation.params
        if equation.primitive.name in PRODUCTS and all(a.dtype == jnp.float32 for a in given):
            small = [a.astype(jnp.bfloat16) for a in given]
            narrow = {**params, "preferred_element_type": jnp.dtype(jnp.bfloat16)}
            found = [equation.primitive.bind(*small, **narrow).astype(jnp.float32)]
        else:
            whole = equation.primitive.name.startswith(
                "custom_"
            )  # its derivative would not match a rounded value
            inner = params if whole else {k: _rounded(v) for k, v in params.items()}
            found = equation.primitive.bind(*given, **equation.primitive.get_bind_params(inner))
            found = found if equation.primitive.multiple_results else [found]
        values.update(zip(equation.outvars, found, strict=True))
    return [read(a) for a in jaxpr.outvars]


def _rounded(value: Any) -> Any:
    """A parameter of an operation: bodies of loops, branches and inner functions are treated alike."""
    if isinstance(value, tuple) and value and all(isinstance(v, ClosedJaxpr) for v in value):
        return tuple(_rounded(v) for v in value)
    if not isinstance(value, ClosedJaxpr):
        return value
    kinds = [jax.ShapeDtypeStruct(a.shape, a.dtype, weak_type=a.weak_type) for a in value.in_avals]
    return jax.make_jaxpr(lambda *args: _run(value, list(args)))(*kinds)
