"""A field on a ring from few points: random Fourier features, beside plain trigonometric least squares.

A network that interpolates learns long waves first and short ones late or never (spectral bias). A first layer of
random waves takes that away (Tancik and others 2020, doi:10.48550/arXiv.2006.10739), and where only the last layer is
fitted it is a ridge regression on random features (Rahimi and Recht 2007, Advances in Neural Information Processing
Systems 20): u(x) = sum of w_j cos(2 pi n_j x / L + p_j), with whole n_j from a Gaussian, so that u is periodic. The
width of the Gaussian and the ridge are those whose leave-one-out error is least, which costs no second fit.

With more waves than points the ridge decides what the points do not: long waves are common among the features, short
ones rare, and so u bends no more than it must between points. Least squares on the waves up to m knows no such
preference: it needs 2 m + 1 points and, where they lie unevenly, more. Its m is chosen by the same leave-one-out error.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

FEATURES = 1024
WIDTHS = tuple(2.0 ** (k / 2) for k in range(2, 15))  # waves on the ring: 2 to 128
RIDGES = tuple(10.0**k for k in range(-20, 1))  # over the mean square of the features' singular values

Points = Float[np.ndarray, " point"]
Values = Float[np.ndarray, "sample point"]


class Interpolation(NamedTuple):
    """A linear map from values at points to values elsewhere.

    Attributes:
        matrix: [place, point].
        waves: the width of the features, or the last wave of least squares.
        ridge: over the mean square of the features' singular values; 0 for least squares.
        expected: root mean square of what the rest says of a point that is left out, less what is seen there.
    """

    matrix: Float[np.ndarray, "place point"]
    waves: float
    ridge: float
    expected: float

    def __call__(self, values: Values) -> Float[np.ndarray, "sample place"]:
        """Fields from what is seen at the points."""
        return values @ self.matrix.T


def random_features(
    points: Points, values: Values, places: Points, length: float, *, rng: np.random.Generator,
    widths: tuple[float, ...] = WIDTHS,
) -> Interpolation:  # fmt: skip
    """The ridge regression on random waves that foretells left-out points best.

    Args:
        points: where the field is seen, in the units of `length`; the same for all samples.
        values: what is seen there.
        places: where it is wanted.
        length: of the ring.
        rng: draws waves and phases.
        widths: of the Gaussian of waves, from which one is chosen.
    """
    drawn, phases = rng.standard_normal(FEATURES), rng.uniform(0, 2 * np.pi, FEATURES)
    best: Interpolation | None = None
    for width in widths:
        numbers = np.rint(width * drawn)
        seen = _waves(points, length, numbers, phases)
        axes, size, across = np.linalg.svd(seen, full_matrices=False)
        turned = axes.T @ values.T
        for ridge in RIDGES:
            floor = ridge * float(np.mean(size**2))
            share = size**2 / (size**2 + floor)
            foretold = _left_out(values.T - axes @ (share[:, None] * turned), (axes**2) @ share)
            if best is None or foretold < best.expected:
                solved = across.T @ ((size / (size**2 + floor))[:, None] * axes.T)
                wanted = _waves(places, length, numbers, phases)
                best = Interpolation(wanted @ solved, width, ridge, foretold)
    assert best is not None
    return best


def trigonometric(points: Points, values: Values, places: Points, length: float) -> Interpolation:
    """Least squares on all waves up to that one which foretells left-out points best."""
    best: Interpolation | None = None
    for last in range((len(points) - 1) // 2 + 1):
        seen, wanted = (_series(x, length, last) for x in (points, places))
        inverse = np.linalg.pinv(seen)
        hat = seen @ inverse
        foretold = _left_out(values.T - hat @ values.T, np.diag(hat))
        if best is None or foretold < best.expected:
            best = Interpolation(wanted @ inverse, float(last), 0.0, foretold)
    assert best is not None
    return best


def seen_at(fields: Float[np.ndarray, "sample x"], points: Points, length: float) -> Values:
    """Fields on an even grid as they are at any points, by their own waves."""
    number = fields.shape[-1]
    spectrum = np.fft.rfft(fields) / number
    angle = 2 * np.pi / length * np.outer(np.arange(spectrum.shape[-1]), points)
    twice = np.full(spectrum.shape[-1], 2.0)
    twice[0] = 1.0
    if number % 2 == 0:
        twice[-1] = 1.0
    return (twice * spectrum.real) @ np.cos(angle) - (twice * spectrum.imag) @ np.sin(angle)


def told_waves(
    found: Interpolation, points: Points, fields: Float[np.ndarray, "sample x"], length: float
) -> Float[np.ndarray, " wave"]:
    """How many times its own expected error the power of each wave of interpolated fields is.

    What the map makes of every wave is known without any field: what it does not give back, and what it takes from
    other waves. Their power is that of the interpolated fields, which is too little where waves were lost.
    """
    number = fields.shape[-1]
    error = np.fft.rfft(
        found(seen_at(np.eye(number), points, length)) - np.eye(number), axis=1
    )  # [from, wave]
    spread = np.fft.fft(error, axis=0) / number  # of a unit of each wave, both signs
    power = (np.abs(np.fft.fft(fields)) ** 2).mean(0)
    wrong = (np.abs(spread) ** 2 * power[:, None]).sum(0)
    return power[: number // 2 + 1] / np.maximum(wrong, 1e-300)


def _left_out(gap: np.ndarray, leverage: np.ndarray) -> float:
    """Root mean square of leave-one-out errors, from what the fit leaves at points and their leverages."""
    free = 1 - leverage
    if (free <= 1e-12).any():  # a point that only its own value decides cannot be foretold
        return np.inf
    return float(np.sqrt(np.mean((gap / free[:, None]) ** 2)))


def _waves(x: Points, length: float, numbers: np.ndarray, phases: np.ndarray) -> np.ndarray:
    return np.cos(2 * np.pi / length * np.outer(x, numbers) + phases)


def _series(x: Points, length: float, last: int) -> np.ndarray:
    angle = 2 * np.pi / length * np.outer(x, np.arange(1, last + 1))
    return np.column_stack([np.ones(len(x)), np.cos(angle), np.sin(angle)])
