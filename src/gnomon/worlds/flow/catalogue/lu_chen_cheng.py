"""Lü, Chen and Cheng's four scrolls."""

from gnomon.worlds.flow.system import About, AbstractFlow


class LuChenCheng(AbstractFlow):
    r"""Three components, each driven by the product of the other two, with a constant push on the first.

    .. math::
        \dot x = -\frac{a b}{a + b} x - y z + c, \qquad \dot y = a y + x z, \qquad \dot z = b z + x y

    Lü, Chen and Cheng (2004), A new chaotic system and beyond: the generalized Lorenz-like system,
    doi:10.1142/S021812740401014X.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": -10.0, "b": -4.0, "c": 18.1},
        knob="c",
        knob_means="the constant push on x",
        start=(-5.5177615, 2.4990595, 10.461798),
        symmetries=((1, -2, -3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        a, b = p["a"], p["b"]
        return -a * b / (a + b) * x - y * z + p["c"], a * y + x * z, b * z + x * y
