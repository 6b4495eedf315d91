"""The series that independent libraries were asked about."""

import numpy as np

ENTROPIES = ((3, 1), (4, 2), (5, 1), (5, 7), (6, 3))  # order, delay: entropy and complexity
ENTROPIES_LONG = ((3, 1), (5, 4), (7, 1))  # entropy alone
CURVES = (3, 4)


def series() -> dict[str, np.ndarray]:
    """Noise, a random walk and the logistic map."""
    random = np.random.default_rng(0)
    x = np.empty(3000)
    x[0] = 0.4
    for i in range(2999):
        x[i + 1] = 3.9 * x[i] * (1 - x[i])
    return {"noise": random.normal(size=3000), "walk": random.normal(size=3000).cumsum(), "logistic": x}


def tied() -> np.ndarray:
    """A series of four values, so that most windows hold ties."""
    return np.random.default_rng(1).integers(0, 4, 2000).astype(float)


def drifting() -> np.ndarray:
    """A random walk on a rising course."""
    random = np.random.default_rng(2)
    return np.linspace(0, 2, 300) ** 2 + random.normal(size=300).cumsum() * 0.1
