"""Sprott's case P."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottP(AbstractFlow):
    r"""A rotation kicked by the square of one component.

    .. math::
        \dot x = a y + z, \qquad \dot y = -x + y^2, \qquad \dot z = x + b y

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 2.7, "b": 1.0},
        knob="a",
        knob_means="stiffness of the rotation",
        start=(0.83420675, 0.14915817, 0.44028635),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * y + z, -x + y**2, x + p["b"] * y
