"""A spinning body with feedback (Leipnik and Newton)."""

from gnomon.worlds.flow.system import About, AbstractFlow


class NewtonLiepnik(AbstractFlow):
    r"""Euler's equations of a rigid body with linear feedback, with two attractors.

    .. math::
        \dot x = -a x + y + g y z, \qquad \dot y = -x - c y + k x z, \qquad \dot z = b z - k x y

    x, y, z are angular velocities.

    Leipnik and Newton (1981), Double strange attractors in rigid body motion with linear feedback control,
    doi:10.1016/0375-9601(81)90165-1.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.4, "b": 0.175, "c": 0.4, "g": 10.0, "k": 5.0},
        knob="b",
        knob_means="the feedback that speeds up the third rotation",
        start=(0.29430753, 0.10649486, 0.29081125),
        symmetries=((-1, -2, 3),),
        notes=("There are two attractors, here the upper one; dysts' spelling of the name is kept.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        x_dot = -p["a"] * x + y + p["g"] * y * z
        return x_dot, -x - p["c"] * y + p["k"] * x * z, p["b"] * z - p["k"] * x * y
