"""A right-hand side as plain Python arithmetic: nothing to compile, for whoever runs a system once."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Literal

Scalar = Callable[..., tuple[float, ...]]


class NotScalar(ValueError):
    """The function does something that is not arithmetic of single numbers, such as handling arrays."""


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _sign(x: float) -> float:
    return math.copysign(1.0, x) if x else 0.0 * x


def _round(x: float, away: bool) -> float:
    """To the nearest integer; a half away from zero or to the even one."""
    return math.copysign(math.floor(abs(x) + 0.5), x) if away else float(round(x))


def _largest(a: float, b: float) -> float:
    return a if a >= b or a != a else b  # NaN wins, as in JAX


def _smallest(a: float, b: float) -> float:
    return a if a <= b or a != a else b


# What each operation of JAX is in Python. `math` raises where JAX has inf or NaN: callers treat both as a failed step.
OPERATIONS = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "div": "{} / {}", "neg": "-{}", "square": "{0} * {0}",
    "max": "largest({}, {})", "min": "smallest({}, {})", "abs": "abs({})", "sign": "sign({})", "pow": "pow({}, {})",
    "exp": "exp({})", "log": "log({})", "sin": "sin({})", "cos": "cos({})", "tan": "tan({})", "tanh": "tanh({})",
    "sinh": "sinh({})", "cosh": "cosh({})", "asin": "asin({})", "acos": "acos({})", "atan": "atan({})",
    "atan2": "atan2({}, {})", "sqrt": "sqrt({})", "rsqrt": "1.0 / sqrt({})", "cbrt": "cbrt({})", "exp2": "exp2({})",
    "log1p": "log1p({})", "expm1": "expm1({})", "logistic": "logistic({})", "erf": "erf({})",
    "floor": "float(floor({}))", "ceil": "float(ceil({}))", "rem": "fmod({}, {})", "asinh": "asinh({})",
    "acosh": "acosh({})", "atanh": "atanh({})", "lt": "{} < {}", "le": "{} <= {}", "gt": "{} > {}",
    "ge": "{} >= {}", "eq": "{} == {}", "ne": "{} != {}", "and": "{} and {}", "or": "{} or {}", "not": "not {}",
    "select_n": "{2} if {0} else {1}", "is_finite": "isfinite({})", "clamp": "smallest(largest({1}, {0}), {2})",
    "copy": "{}", "copy_p": "{}", "stop_gradient": "{}", "optimization_barrier": "{}", "reshape": "{}", "squeeze": "{}",
    "broadcast_in_dim": "{}",
}  # fmt: skip
LOGIC = ("and", "or", "not")  # of truth values; of integers they are other operations
NAMES = {
    **{name: getattr(math, name) for name in dir(math) if not name.startswith("_")},
    "logistic": _logistic, "sign": _sign, "rounded": _round, "largest": _largest, "smallest": _smallest,
}  # fmt: skip


def scalar_code(f: Callable[[Any], Iterable[Any]], size: int) -> Scalar:
    """Plain Python for `f`: called with `size` floats, it gives the floats `f` would give for a tuple of them.

    `f` is traced once by JAX and its operations are written out. Ten thousand calls cost less than compiling it. Where
    JAX would give inf or NaN, Python may raise ArithmeticError or ValueError.

    Args:
        f: from a tuple of scalars to a sequence of scalars.
        size: how many scalars.

    Raises:
        NotScalar: where `f` is not made of operations on single numbers.
    """
    number = jax.ShapeDtypeStruct((), jnp.result_type(float))
    closed = jax.make_jaxpr(lambda *u: tuple(f(u)))(*(number,) * size)
    inputs = [f"u{i}" for i in range(size)]
    lines: list[str] = []
    results = _write(closed.jaxpr, [_number(c) for c in closed.consts], inputs, lines)
    body = "".join(f"    {line}\n" for line in lines)
    source = f"def rhs({', '.join(inputs)}):\n{body}    return ({', '.join(results)},)\n"
    found: dict[str, Any] = {}
    # the source holds names of the table above, numbers and variables counted here, nothing from outside
    exec(compile(source, "<right-hand side>", "exec"), dict(NAMES), found)
    return found["rhs"]


def _write(jaxpr: Any, consts: list[str], inputs: list[str], lines: list[str]) -> list[str]:
    """Append a line for every operation; the names of the results."""
    names: dict[Any, str] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *inputs], strict=True))

    def read(atom: Any) -> str:
        return _number(atom.val) if isinstance(atom, Literal) else names[atom]

    for equation in jaxpr.eqns:
        own = [read(atom) for atom in equation.invars]
        inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
        if any(getattr(v.aval, "shape", ()) for v in equation.outvars):
            raise NotScalar(f"{equation.primitive.name} gives an array")
        if inner is not None and equation.primitive.name not in ("scan", "while", "cond"):
            closed = hasattr(inner, "consts")
            found = _write(
                inner.jaxpr if closed else inner,
                [_number(c) for c in inner.consts] if closed else [],
                own,
                lines,
            )
        else:
            found = [f"v{len(lines)}"]
            lines.append(f"{found[0]} = {_expression(equation, own)}")
        names |= dict(zip(equation.outvars, found, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _expression(equation: Any, own: list[str]) -> str:
    name, params = equation.primitive.name, equation.params
    if name == "integer_pow":
        y = params["y"]
        if 1 <= y <= 4:
            return " * ".join(own * y)
        return f"1.0 / ({' * '.join(own * -y)})" if -4 <= y <= -1 else f"pow({own[0]}, {float(y)})"
    if name == "convert_element_type":
        kind = {"f": "float", "b": "bool"}.get(params["new_dtype"].kind)
        if kind is None:
            raise NotScalar("numbers that are neither real nor true or false")
        return f"{kind}({own[0]})"
    kinds = {atom.aval.dtype.kind for atom in equation.invars}
    if kinds - {"f", "b"} or (name in LOGIC and kinds != {"b"}) or (name == "select_n" and len(own) != 3):
        raise NotScalar(f"no plain Python for {name} of these arguments")
    if name == "round":
        return f"rounded({own[0]}, {params['rounding_method'].value == 0})"
    if name not in OPERATIONS or len(equation.outvars) != 1:
        raise NotScalar(f"no plain Python for {name}")
    return OPERATIONS[name].format(*own)


def _number(value: Any) -> str:
    """A literal; what is not finite is written as a call."""
    if getattr(value, "shape", ()):
        raise NotScalar("an array among the constants")
    kind = getattr(value, "dtype", None)
    if isinstance(value, bool) or (kind is not None and kind.kind == "b"):
        return str(bool(value))
    x = float(value)
    return f"({x!r})" if math.isfinite(x) else f"float('{x}')"
