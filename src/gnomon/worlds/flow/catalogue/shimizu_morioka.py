"""Shimizu and Morioka: Lorenz at large Rayleigh numbers."""

from gnomon.worlds.flow.system import About, AbstractFlow


class ShimizuMorioka(AbstractFlow):
    r"""A simple model in which a symmetric limit cycle becomes an asymmetric one.

    .. math::
        \dot x = y, \qquad \dot y = x - a y - x z, \qquad \dot z = -b z + x^2

    Shimizu and Morioka (1980), On the bifurcation of a symmetric limit cycle to an asymmetric one in a simple model,
    doi:10.1016/0375-9601(80)90466-1.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.85, "b": 0.5},
        knob="a",
        knob_means="damping of y",
        start=(0.016838697, 0.03489384, 0.35346848),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, x - p["a"] * y - x * z, -p["b"] * z + x**2
