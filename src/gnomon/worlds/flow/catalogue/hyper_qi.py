"""Qi's hyperchaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperQi(AbstractFlow):
    r"""Four components with four products, wild and with a broad spectrum.

    .. math::
        \dot x = a (y - x) + y z, \qquad \dot y = b (x + y) - x z, \qquad
        \dot z = -c z - e w + x y, \qquad \dot w = -d w + f z + x y

    Qi, van Wyk, van Wyk and Chen (2008), On a new hyperchaotic system, doi:10.1016/j.physleta.2007.10.082.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 50.0, "b": 24.0, "c": 13.0, "d": 8.0, "e": 33.0, "f": 30.0},
        knob="b",
        knob_means="the growth rate of y",
        start=(11.250901, -3.6470778, 50.169879, -168.24852),
        symmetries=((-1, -2, 3, 4),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        x_dot = p["a"] * (y - x) + y * z
        y_dot = p["b"] * (x + y) - x * z
        return x_dot, y_dot, -p["c"] * z - p["e"] * w + x * y, -p["d"] * w + p["f"] * z + x * y
