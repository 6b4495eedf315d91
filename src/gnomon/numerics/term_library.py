"""Terms that an equation may have, as columns for a regression: powers and derivatives, or monomials of neighbours."""

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Columns(NamedTuple):
    """Candidate terms evaluated on data.

    Attributes:
        labels: of the terms, as one would write them.
        values: [..., term] on every sample and point.
    """

    labels: tuple[str, ...]
    values: Float[np.ndarray, "*place term"]


def derivative_terms(
    u: Float[np.ndarray, "*sample x"], length: float, *, powers: int = 4, orders: int = 4, name: str = "u"
) -> Columns:
    """u^p times a derivative of order q for p and q up to four (but for the constant): 24 terms on a ring.

    Derivatives are spectral, products are formed at the points: no aliasing enters.
    """
    k = 2 * np.pi / length * np.arange(u.shape[-1] // 2 + 1)
    spectrum = np.fft.rfft(u)
    labels, values = [], []
    for order in range(orders + 1):
        symbol = (1j * k) ** order
        if order % 2 and u.shape[-1] % 2 == 0:
            symbol[-1] = 0.0
        slope = np.fft.irfft(symbol * spectrum, u.shape[-1]) if order else np.ones_like(u)
        for power in range(powers + 1):
            if power or order:
                labels.append(_written(name, power, order))
                values.append(u**power * slope)
    return Columns(tuple(labels), np.stack(values, axis=-1))


def _written(name: str, power: int, order: int) -> str:
    front = "" if power == 0 else name if power == 1 else f"{name}^{power}"
    back = f"{name}_{'x' * order}" if order else ""
    return f"{front} {back}".strip()


def monomial_terms(
    obs: Mapping[str, Float[np.ndarray, "*sample"]], *, degree: int = 2, reach: int = 2
) -> Columns:
    """All monomials to a degree of scalar variables, or of a ring's site and its neighbours within `reach`.

    Scalars are [sample]; a ring's values are [sample, site] and its neighbours are written x[-2] ... x[+2].
    """
    inputs: dict[str, np.ndarray] = {}
    for name, values in obs.items():
        if values.ndim == 1:
            inputs[name] = values
        else:
            for offset in range(-reach, reach + 1):
                written = f"{name}[{offset:+d}]" if offset else name
                inputs[written] = np.roll(values, -offset, axis=-1)
    if len({x.shape for x in inputs.values()}) > 1:
        raise ValueError(
            "monomials need variables of one shape; choose the variables that the term is made of"
        )
    shape = next(iter(inputs.values())).shape
    labels, values = ["1"], [np.ones(shape)]
    for n in range(1, degree + 1):
        for chosen in itertools.combinations_with_replacement(inputs, n):
            labels.append(" ".join(chosen))
            values.append(np.prod([inputs[c] for c in chosen], axis=0))
    return Columns(tuple(labels), np.stack(values, axis=-1))
