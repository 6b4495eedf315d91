"""Profits, reinvestment and debt: cycles of a firm."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Bouali2(AbstractFlow):
    r"""An economic oscillator of van der Pol's kind that a slow inflow of capital makes irregular.

    .. math::
        \dot x = a x (y_0 - y) - b z, \qquad \dot y = -g y (1 - x^2), \qquad \dot z = -1.5\, m x

    Bouali (1999), Feedback loop in extended van der Pol's equation applied to an economic model of cycles,
    doi:10.1142/S0218127499000535; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 3.0, "b": 2.2, "g": 1.0, "m": -0.0026667, "y0": 1.0},
        knob="y0",
        knob_means="level of y at which x stops growing",
        start=(-0.79392257, 1.3617589, -0.030578888),
        symmetries=((-1, 2, -3),),
        notes=(
            "Weakly chaotic: about 0.002 for the leading exponent, one part in two hundred of a turn.",
            "The original names the product of -1.5 and m one constant, 0.004.",
            "The factor 1.5 and the names of the constants follow dysts, where the terms of bouali are switched off.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * x * (p["y0"] - y) - p["b"] * z, -p["g"] * y * (1 - x**2), -1.5 * p["m"] * x
