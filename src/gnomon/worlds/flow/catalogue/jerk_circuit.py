"""Sprott's jerk circuit with one diode."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class JerkCircuit(AbstractFlow):
    r"""An electronic circuit of integrators whose only nonlinear part is a diode.

    .. math::
        \dddot x + d \ddot x + \varepsilon (e^{\dot x / y_0} - 1) + x = 0

    written as three equations for x, y = dx/dt and z = dy/dt.

    Sprott (2011), A new chaotic jerk circuit, doi:10.1109/TCSII.2011.2124490.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"eps": 1e-9, "y0": 0.026, "damping": 1.0},
        knob="y0",
        knob_means="the voltage over which the current of the diode grows by e",
        start=(-1.300882, 0.065382947, 0.91801911),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, z, -p["damping"] * z - x - p["eps"] * (jnp.exp(y / p["y0"]) - 1)
