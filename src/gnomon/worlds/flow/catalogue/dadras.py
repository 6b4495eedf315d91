"""Two, three or four scrolls by one knob."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Dadras(AbstractFlow):
    r"""A quadratic system whose attractor has two, three or four scrolls.

    .. math::
        \dot x = y - p x + o y z, \qquad \dot y = r y - x z + z, \qquad \dot z = c x y - e z

    Dadras and Momeni (2009), A novel three-dimensional autonomous chaotic system generating two, three and four-scroll
    attractors, doi:10.1016/j.physleta.2009.07.088.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"c": 2.0, "e": 9.0, "o": 2.7, "p": 3.0, "r": 1.7},
        knob="r",
        knob_means="growth rate of y, which sets the number of scrolls",
        start=(1.0284085, -3.5348655, -0.72081646),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y - p["p"] * x + p["o"] * y * z, p["r"] * y - x * z + z, p["c"] * x * y - p["e"] * z
