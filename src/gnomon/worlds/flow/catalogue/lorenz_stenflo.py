"""Stenflo's acoustic-gravity waves: Lorenz' system with rotation."""

from gnomon.worlds.flow.system import About, AbstractFlow


class LorenzStenflo(AbstractFlow):
    r"""Acoustic-gravity waves in a rotating atmosphere, a Lorenz system with one more component.

    .. math::
        \dot x = a (y - x) + d w, \qquad \dot y = c x - y - x z, \qquad \dot z = x y - b z, \qquad \dot w = -x - a w

    d measures the rotation; with d = 0 the first three are Lorenz'.

    Stenflo (1996), Generalized Lorenz equations for acoustic-gravity waves in the atmosphere,
    doi:10.1088/0031-8949/53/1/015.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 2.0, "b": 0.7, "c": 26.0, "d": 1.5},
        knob="c",
        knob_means="the Rayleigh number over its critical value",
        start=(4.2334386, 9.0897061, 21.866625, -1.4080695),
        symmetries=((-1, -2, 3, -4),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        x_dot = p["a"] * (y - x) + p["d"] * w
        return x_dot, p["c"] * x - y - x * z, x * y - p["b"] * z, -x - p["a"] * w
