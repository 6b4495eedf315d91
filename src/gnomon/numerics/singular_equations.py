r"""Equations with a singular point whose solutions are known: what training near such a point is judged by.

Linear ones are written in the distance x from a regular singular point,

.. math::
    x^2 p(x)\, y'' + x\, q(x)\, y' + r(x)\, y = 0

with polynomials p, q, r and p(0) not 0. Solutions begin as x^s, s a root of p(0) s (s - 1) + q(0) s + r(0) = 0
(Frobenius; https://dlmf.nist.gov/2.7). Exact values are those of `scipy.special`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special


class SingularEquation(NamedTuple):
    """A linear equation, the exponent of one solution of it, and that solution.

    Attributes:
        name: with its parameters.
        second: coefficients of p, the constant first.
        first: of q.
        zeroth: of r.
        exponent: s of the solution.
        exact: (x) -> the solution.
        end: of the interval, which begins at the singular point.
    """

    name: str
    second: tuple[float, ...]
    first: tuple[float, ...]
    zeroth: tuple[float, ...]
    exponent: float
    exact: Callable[[np.ndarray], np.ndarray]
    end: float


def legendre(degree: int, end: float = 1.0) -> SingularEquation:
    """Legendre's polynomial in the distance 1 - z from z = 1, where the other solution is a logarithm."""
    n = degree * (degree + 1.0)
    return SingularEquation(
        f"Legendre, degree {degree}", (2.0, -1.0), (2.0, -2.0), (0.0, n), 0.0,
        lambda x: special.eval_legendre(degree, 1.0 - x), end,
    )  # fmt: skip


def bessel(order: float, end: float = 8.0) -> SingularEquation:
    """Bessel's function of the first kind; the other solution begins as x^-order."""
    return SingularEquation(
        f"Bessel, order {order:.3g}", (1.0,), (1.0,), (-(order**2), 0.0, 1.0), order,
        lambda x: special.jv(order, x), end,
    )  # fmt: skip


def hypergeometric(a: float, b: float, c: float, end: float = 0.9) -> SingularEquation:
    """Gauss' equation at 0, the solution that begins as x^(1 - c); the other one begins as 1."""
    return SingularEquation(
        f"hypergeometric, a {a:.3g}, b {b:.3g}, c {c:.3g}", (1.0, -1.0), (c, -(a + b + 1.0)), (0.0, -a * b), 1.0 - c,
        lambda x: x ** (1.0 - c) * special.hyp2f1(a - c + 1.0, b - c + 1.0, 2.0 - c, x), end,
    )  # fmt: skip


def accretion(x: np.ndarray) -> np.ndarray:
    r"""Speed of isothermal gas that falls onto a star and passes the speed of sound, in units of that speed.

    x is the distance over that of the critical point. The speed obeys (v^2 - 1) v' = v (2/x - 2/x^2) (Bondi 1952,
    doi:10.1093/mnras/112.2.195) and v^2 - ln v^2 = 4 ln x + 4/x - 3, which Lambert's W solves (Cranmer 2004,
    doi:10.1119/1.1775242): its branch 0 far from the star, where the gas is slow, and -1 within.
    """
    x = np.asarray(x, float)
    # at x = 1 round-off may carry the argument beyond the branch point, where W is complex
    argument = -np.minimum(np.exp(3.0 - 4.0 / x - 4.0 * np.log(x)), np.exp(-1.0))
    branches = (special.lambertw(argument, branch).real for branch in (0, -1))
    slow, fast = (np.sqrt(np.maximum(-np.nan_to_num(w, nan=-1.0), 0.0)) for w in branches)
    return np.where(x >= 1.0, slow, fast)
