"""Sprott's case O."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottO(AbstractFlow):
    r"""Three rates in a row, closed by a product.

    .. math::
        \dot x = y, \qquad \dot y = x - b z, \qquad \dot z = x + x z + a y

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 2.7, "b": 1.0},
        knob="a",
        knob_means="how fast y feeds z",
        start=(0.20549455, 0.022792985, 0.93636949),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, x - p["b"] * z, x + x * z + p["a"] * y
