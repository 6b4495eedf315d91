"""Pehlivan and Wei's system."""

from gnomon.worlds.flow.system import About, AbstractFlow


class PehlivanWei(AbstractFlow):
    r"""A flow with four products that contracts volumes only where z is below -1.

    .. math::
        \dot x = y - y z, \qquad \dot y = y + y z - a x, \qquad \dot z = b - x y - y^2

    Pehlivan and Wei (2012), Analysis, nonlinear control, and chaos generator circuit of another strange chaotic system,
    doi:10.3906/elk-1103-14.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 2.0, "b": 2.0},
        knob="b",
        knob_means="the supply of z",
        start=(0.21665608, 0.86710502, 0.50627859),
        symmetries=((-1, -2, 3),),
        notes=("Orbits are periodic where b is raised by a hundredth or a lowered by one.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y - y * z, y + y * z - p["a"] * x, p["b"] - x * y - y * y
