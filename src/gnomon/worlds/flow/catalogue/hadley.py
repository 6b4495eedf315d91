"""Westerlies and their waves in a warm season."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Hadley(AbstractFlow):
    r"""The westerly wind and the two phases of the waves that it feeds, under a steady heating contrast.

    .. math::
        \dot x = -y^2 - z^2 - a x + a f, \qquad \dot y = x y - b x z - y + g, \qquad \dot z = b x y + x z - z

    Lorenz (1984), Irregularity: a fundamental property of the atmosphere, doi:10.1111/j.1600-0870.1984.tb00230.x.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.2, "b": 4.0, "f": 9.0, "g": 1.0},
        knob="f",
        knob_means="heating contrast between equator and pole",
        start=(1.3664423, 0.9309146, 0.64283417),
        notes=(
            "The equations of Lorenz (1984) at other parameters, under the name of the circulation they describe.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        b = p["b"]
        return p["a"] * (p["f"] - x) - y**2 - z**2, x * y - b * x * z - y + p["g"], b * x * y + x * z - z
