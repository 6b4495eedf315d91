"""A speck in convection rolls that sway."""

import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow


class OscillatingFlow(AbstractFlow):
    r"""A speck in a row of convection rolls that sway sideways in time.

    .. math::
        \dot x = u \cos y \sin(x + b \sin\varphi), \qquad \dot y = -u \sin y \cos(x + b \sin\varphi), \qquad
        \dot\varphi = \omega

    Lengths are in units of the width of a roll over pi. The speck never leaves 0 < y < pi, but wanders from roll to
    roll.

    Solomon and Gollub (1988), Chaotic particle transport in time-dependent Rayleigh-Bénard convection,
    doi:10.1103/PhysRevA.38.6280.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"b": 0.48, "omega": 0.49, "u": 0.72},
        knob="b",
        knob_means="how far the rolls sway",
        start=(3.14159265, 1.04719755, 0.4),
        angles={"x": 2 * np.pi, "phase": 2 * np.pi},
        symmetries=((1, -2, 3),),
        conservative=True,
        notes=("The wave number of dysts is 1 and is left out: it would change the period in x.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        moved = x + p["b"] * jnp.sin(phase)
        return p["u"] * jnp.cos(y) * jnp.sin(moved), -p["u"] * jnp.sin(y) * jnp.cos(moved), p["omega"]
