"""Sprott's case L."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottL(AbstractFlow):
    r"""An oscillation about x = 1 that is kicked by a square.

    .. math::
        \dot x = y + b z, \qquad \dot y = a x^2 - y, \qquad \dot z = 1 - x

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.9, "b": 3.9},
        knob="a",
        knob_means="strength of the square",
        start=(4.3611557, 13.705573, -2.6835659),
        spread=0.002,
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y + p["b"] * z, p["a"] * x**2 - y, 1 - x
