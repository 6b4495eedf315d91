"""Chua's circuit: the double scroll."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class Chua(AbstractFlow):
    r"""A circuit with two capacitors, a coil and a piecewise linear diode of negative resistance.

    .. math::
        \dot x = \alpha (y - x - f(x)), \qquad \dot y = x - y + z, \qquad \dot z = -\beta y, \qquad
        f(x) = m_1 x + \tfrac12 (m_0 - m_1) \left( |x + 1| - |x - 1| \right)

    Matsumoto (1984), A chaotic attractor from Chua's circuit, doi:10.1109/TCS.1984.1085459.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"alpha": 15.6, "beta": 28.0, "m0": -1.142857, "m1": -0.71429},
        knob="alpha",
        knob_means="ratio of the two capacitances",
        start=(1.1262351, -0.11386474, -0.78324421),
        symmetries=((-1, -2, -3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        ramp = p["m1"] * x + (p["m0"] - p["m1"]) * jnp.clip(x, -1.0, 1.0)
        return p["alpha"] * (y - x - ramp), x - y + z, -p["beta"] * y
