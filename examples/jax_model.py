"""A model written with JAX: one function of one state, which Gnomon batches, compiles and differentiates.

gnomon test examples/jax_model.py:step --world lorenz63 --trust

Because JAX can see through it, its Lyapunov exponents are measured too.
"""

import jax
import jax.numpy as jnp

GNOMON = {"framework": "jax", "dt": 0.025, "trained_on": {"rho": (26.0, 30.0)}}


def rates(state: jax.Array, rho: jax.Array) -> jax.Array:
    """Lorenz's equations with a slightly weak damping: a model that is good, but not perfect."""
    x, y, z = state
    return jnp.stack([10.0 * (y - x), x * (rho - z) - y, x * y - 2.6 * z])


def step(state: jax.Array, forcing: dict[str, jax.Array]) -> jax.Array:
    """The state 0.025 later, by one Runge-Kutta step."""
    h, rho = 0.025, forcing["rho"]
    a = rates(state, rho)
    b = rates(state + h / 2 * a, rho)
    c = rates(state + h / 2 * b, rho)
    d = rates(state + h * c, rho)
    return state + h / 6 * (a + 2 * b + 2 * c + d)


if __name__ == "__main__":
    import gnomon

    print(gnomon.test(step, world="lorenz63", trials=("forecast",), units=8, store="example-results"))
