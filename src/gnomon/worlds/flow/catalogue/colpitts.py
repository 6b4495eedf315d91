"""A transistor oscillator with two capacitors in series."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class Colpitts(AbstractFlow):
    r"""The Colpitts oscillator with a transistor that conducts only below a threshold.

    .. math::
        \dot x = y - a \max(e - 1 - z, 0), \qquad \dot y = c - x - b y - z, \qquad \dot z = y - d z

    Kennedy (1994), Chaos in the Colpitts oscillator, doi:10.1109/81.331536.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 30.0, "b": 0.8, "c": 20.0, "d": 0.08, "e": 10.0},
        knob="c",
        knob_means="supply voltage",
        start=(8.9389043, 0.64637337, 8.7869304),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        current = jnp.maximum(p["e"] - 1 - z, 0.0)
        return y - p["a"] * current, p["c"] - x - p["b"] * y - z, y - p["d"] * z
