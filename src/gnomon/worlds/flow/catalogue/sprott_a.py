"""Sprott's case A."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottA(AbstractFlow):
    r"""An oscillator with a thermostat: chaos without an attractor.

    .. math::
        \dot x = y, \qquad \dot y = -b x + y z, \qquad \dot z = a - y^2

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "b": 1.0},
        knob="a",
        knob_means="temperature of the thermostat",
        start=(1.54131864, 1.43079727, -1.52555412),
        conservative=True,
        spread=0.005,
        symmetries=((-1, -2, 3),),
        notes=(
            "In the source a = b = 1. It is the oscillator of Nose and Hoover.",
            "The mean divergence is zero, there is no attractor: every fact is that of the orbits of the start.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, -p["b"] * x + y * z, p["a"] - y**2
