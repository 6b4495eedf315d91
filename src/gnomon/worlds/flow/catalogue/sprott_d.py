"""Sprott's case D."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottD(AbstractFlow):
    r"""A rotation that is stretched by a product and a square.

    .. math::
        \dot x = -y, \qquad \dot y = x + b z, \qquad \dot z = x z + a y^2

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 3.0, "b": 1.0},
        knob="a",
        knob_means="strength of the square",
        start=(-1.3396906, -0.21238338, 0.32982163),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -y, x + p["b"] * z, x * z + p["a"] * y**2
