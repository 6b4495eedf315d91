"""Qi and Chen's two wings."""

from gnomon.worlds.flow.system import About, AbstractFlow


class QiChen(AbstractFlow):
    r"""A Lorenz-like system with a product in each equation.

    .. math::
        \dot x = a (y - x) + y z, \qquad \dot y = c x + d y - x z, \qquad \dot z = x y - b z

    Qi, Chen, Du, Chen and Yuan (2005), Analysis of a new chaotic system, doi:10.1016/j.physa.2004.12.040; with the sign
    of d as collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 38.0, "b": 2.666, "c": 80.0, "d": 1.0},
        knob="c",
        knob_means="how strongly x drives y",
        start=(17.420882, 5.5459627, 78.89139),
        symmetries=((-1, -2, 3),),
        notes=("Qi and others have d = -1 and a = 35; d = +1 and a = 38 are dysts'.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * (y - x) + y * z, p["c"] * x + p["d"] * y - x * z, x * y - p["b"] * z
