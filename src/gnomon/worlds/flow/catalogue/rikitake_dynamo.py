"""Two coupled disc dynamos: a magnetic field that reverses."""

from gnomon.worlds.flow.system import About, AbstractFlow


class RikitakeDynamo(AbstractFlow):
    r"""Two turning discs, each in the magnetic field of the other's current, a model of the Earth's field.

    .. math::
        \dot x = -\mu x + y z, \qquad \dot y = -\mu y + (z - a) x, \qquad \dot z = g - x y

    x and y are currents, z a speed of rotation, mu resistance, a the difference of the speeds, g the torque.

    Rikitake (1958), Oscillations of a system of disk dynamos, doi:10.1017/S0305004100033223.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "mu": 1.0, "g": 1.0},
        knob="g",
        knob_means="the torque on the discs",
        start=(-0.77915628, -0.63022446, 2.6712002),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -p["mu"] * x + y * z, -p["mu"] * y + (z - p["a"]) * x, p["g"] - x * y
