"""The Brusselator, driven periodically."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class ForcedBrusselator(AbstractFlow):
    r"""A two-species autocatalytic reaction whose feed is modulated.

    .. math::
        \dot x = a + x^2 y - (b + 1) x + f \cos \phi, \qquad \dot y = b x - x^2 y, \qquad \dot \phi = w

    Prigogine and Lefever (1968), Symmetry breaking instabilities in dissipative systems II, doi:10.1063/1.1668896;
    collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"a": 0.4, "b": 1.2, "f": 0.05, "w": 0.81},
        knob="f",
        knob_means="strength of the driving",
        start=(0.40635464, 1.8192295, -2.068),
        angles={"phase": 2 * math.pi},
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        fed = p["a"] + p["f"] * jnp.cos(phase)
        return fed + x**2 * y - (p["b"] + 1) * x, p["b"] * x - x**2 * y, p["w"]
