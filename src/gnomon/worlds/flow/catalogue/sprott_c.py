"""Sprott's case C."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottC(AbstractFlow):
    r"""A flow with five terms, one of which is a product and one a square.

    .. math::
        \dot x = y z, \qquad \dot y = x - a y, \qquad \dot z = b - x^2

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "b": 1.0},
        knob="b",
        knob_means="constant supply of z",
        start=(-0.47199823, -0.27198066, 1.9418244),
        symmetries=((-1, -2, 3),),
        notes=("In the source a = b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y * z, x - p["a"] * y, p["b"] - x**2
