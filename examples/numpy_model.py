"""A model written with NumPy: one plain function. Test it with

gnomon test examples/numpy_model.py:step --world lorenz63 --trust

or run this file, which does the same on a few starts.
"""

import numpy as np

# What Gnomon must know of the model. Everything has a default; here the model has its own words for the three
# variables, and keeps the third one in units ten times as large.
GNOMON = {
    "variables": {
        "east": {"name": "x"},
        "west": {"name": "y"},
        "height": {"name": "z", "units": "10", "scale": 10.0},
    },
    "dt": 0.025,
    "trained_on": {"rho": (26.0, 30.0)},
}


def rates(state: np.ndarray, rho: float) -> np.ndarray:
    """Lorenz's equations with a slightly weak damping: a model that is good, but not perfect."""
    x, y, z = state
    return np.array([10.0 * (y - x), x * (rho - z) - y, x * y - 2.6 * z])


def step(state: np.ndarray, forcing: dict[str, float]) -> np.ndarray:
    """The state 0.025 later, by one Runge-Kutta step."""
    h, rho = 0.025, forcing["rho"]
    s = state * [1.0, 1.0, 10.0]
    a = rates(s, rho)
    b = rates(s + h / 2 * a, rho)
    c = rates(s + h / 2 * b, rho)
    d = rates(s + h * c, rho)
    return (s + h / 6 * (a + 2 * b + 2 * c + d)) / [1.0, 1.0, 10.0]


if __name__ == "__main__":
    import gnomon

    print(gnomon.test(step, world="lorenz63", trials=("forecast",), units=8, store="example-results"))
