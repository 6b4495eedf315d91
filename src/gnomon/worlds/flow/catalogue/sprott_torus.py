"""An attractor beside invariant tori."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottTorus(AbstractFlow):
    r"""A time-reversible flow with a strange attractor and, for other starts, invariant tori.

    .. math::
        \dot x = y + c x y + x z, \qquad \dot y = a - b x^2 + y z, \qquad \dot z = x - x^2 - y^2

    Sprott (2014), A dynamical system with a strange attractor and invariant tori, doi:10.1016/j.physleta.2014.03.028.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "b": 2.0, "c": 2.0},
        knob="a",
        knob_means="constant drive of y",
        start=(0.6883476, -0.18017646, 0.58539724),
        spread=0.002,
        notes=(
            "In the source a = 1 and b = c = 2.",
            "Whether an orbit ends on the attractor or on a torus depends on its start: facts are those of this one.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y + p["c"] * x * y + x * z, p["a"] - p["b"] * x**2 + y * z, x - x**2 - y**2
