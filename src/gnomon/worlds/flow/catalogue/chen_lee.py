"""A tumbling rigid body with linear feedback."""

from gnomon.worlds.flow.system import About, AbstractFlow


class ChenLee(AbstractFlow):
    r"""Euler's equations of a rigid body whose rates are fed back.

    .. math::
        \dot x = a x - y z, \qquad \dot y = b y + x z, \qquad \dot z = c z + q x y

    Chen and Lee (2004), Anti-control of chaos in rigid body motion, doi:10.1016/j.chaos.2003.12.034.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 5.0, "b": -10.0, "c": -0.38, "q": 1 / 3},
        knob="a",
        knob_means="feedback that spins the body up about its first axis",
        start=(0.17177112, 0.10360479, 6.2553878),
        symmetries=((-1, -2, 3), (-1, 2, -3), (1, -2, -3)),
        notes=(
            "c is that of dysts; -3.8 is also found in the literature. An orbit may visit all four images.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * x - y * z, p["b"] * y + x * z, p["c"] * z + p["q"] * x * y
