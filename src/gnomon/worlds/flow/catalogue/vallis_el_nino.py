"""A two-box El Nino with a current."""

from gnomon.worlds.flow.system import About, AbstractFlow


class VallisElNino(AbstractFlow):
    r"""Sea temperatures in the east and west of a basin, and the current that links them.

    .. math::
        \dot x = b y - c (x + p), \qquad \dot y = -y + x z, \qquad \dot z = -z - x y + 1

    Here x is the current, y half the contrast of the temperatures and z their mean; p is the mean trade wind.

    Vallis (1988), Conceptual models of El Nino and the southern oscillation, doi:10.1029/JC093iC11p13979.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"b": 102.0, "c": 3.0, "p": 0.0},
        knob="b",
        knob_means="how strongly the temperature contrast drives the current",
        start=(-6.99286331487343, 0.023254276622294345, -0.1658177563067799),
        symmetries=((-1, -2, 3),),
        notes=("The symmetry holds without trade wind, p = 0.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["b"] * y - p["c"] * (x + p["p"]), -y + x * z, -z - x * y + 1
