"""Three equal partners in a circle."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Halvorsen(AbstractFlow):
    r"""A quadratic system in which the three variables play the same part in turn.

    .. math::
        \dot x = -a x - b y - b z - y^2, \qquad \dot y = -a y - b z - b x - z^2, \qquad
        \dot z = -a z - b x - b y - x^2

    Arne Dehli Halvorsen, collected in Sprott (2010), Elegant Chaos, doi:10.1142/7183.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.4, "b": 4.0},
        knob="a",
        knob_means="damping",
        start=(-8.6807408, -2.4741399, 0.070775762),
        symmetries=((2, 3, 1),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        a, b = p["a"], p["b"]
        return -a * x - b * (y + z) - y**2, -a * y - b * (z + x) - z**2, -a * z - b * (x + y) - x**2
