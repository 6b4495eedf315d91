"""A stretched loop of van der Pol's kin."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Bouali(AbstractFlow):
    r"""An extended van der Pol oscillator closed by a feedback loop, whose orbits leave on long loops.

    .. math::
        \dot x = a x (y_0 - y) - b z, \qquad \dot y = -g y (1 - x^2), \qquad
        \dot z = -m x (1.5 - b_b z) - c z

    Bouali (2012), A novel strange attractor with a stretched loop, doi:10.1007/s11071-012-0625-6.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "b": -0.3, "bb": 1.0, "c": 0.05, "g": 1.0, "m": 1.0, "y0": 4.0},
        knob="m",
        knob_means="strength of the feedback of the third variable",
        start=(0.38673159, 3.0544196, -0.0067836194),
        notes=("Catalogues cite the older model of 1999 for it, which is bouali2.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return (
            p["a"] * x * (p["y0"] - y) - p["b"] * z,
            -p["g"] * y * (1 - x**2),
            -p["m"] * x * (1.5 - p["bb"] * z) - p["c"] * z,
        )
