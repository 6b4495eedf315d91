"""Sprott's case E."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottE(AbstractFlow):
    r"""A flow whose z is fed by the lack of x.

    .. math::
        \dot x = y z, \qquad \dot y = x^2 - b y, \qquad \dot z = 1 - a x

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 4.0, "b": 1.0},
        knob="a",
        knob_means="how fast x drains z",
        start=(0.6173759, 0.66599285, -1.6575023),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y * z, x**2 - p["b"] * y, 1 - p["a"] * x
