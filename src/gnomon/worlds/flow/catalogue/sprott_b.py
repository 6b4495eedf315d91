"""Sprott's case B."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottB(AbstractFlow):
    r"""A flow with five terms, two of which are products.

    .. math::
        \dot x = y z, \qquad \dot y = x - a y, \qquad \dot z = b - x y

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "b": 1.0},
        knob="b",
        knob_means="constant supply of z",
        start=(1.6878282, 1.4848132, -0.53706628),
        symmetries=((-1, -2, 3),),
        notes=("In the source a = b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y * z, x - p["a"] * y, p["b"] - x * y
