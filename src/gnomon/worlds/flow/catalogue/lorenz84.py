"""Lorenz' weather of 1984: the westerlies and their waves."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Lorenz84(AbstractFlow):
    r"""The strength of the westerlies and the two phases of the waves that carry heat to the pole.

    .. math::
        \dot x = -a x - y^2 - z^2 + a F, \qquad \dot y = -y + x y - b x z + G, \qquad \dot z = -z + b x y + x z

    F is the heating contrast between equator and pole, G that between land and sea; a unit of time is about five days.

    Lorenz (1984), Irregularity: a fundamental property of the atmosphere, doi:10.1111/j.1600-0870.1984.tb00230.x.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.32, "b": 7.91, "f": 4.83, "g": 4.194},
        knob="g",
        knob_means="the heating contrast between land and sea",
        start=(1.9264792, -0.13402110, -1.7214673),
        notes=(
            "The parameters are those of dysts; Lorenz took a = 0.25, b = 4, F = 8, G = 1.",
            "Chaos is confined to windows: orbits are periodic where F or b is changed by a few hundredths.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        x_dot = p["a"] * (p["f"] - x) - y * y - z * z
        return x_dot, -y + x * y - p["b"] * x * z + p["g"], -z + p["b"] * x * y + x * z
