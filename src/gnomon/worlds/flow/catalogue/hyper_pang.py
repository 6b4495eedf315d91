"""Pang and Liu's hyperchaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperPang(AbstractFlow):
    r"""Lü and Chen's system with a fourth component that integrates the sum of the first two.

    .. math::
        \dot x = a (y - x), \qquad \dot y = c y - x z + w, \qquad \dot z = x y - b z, \qquad \dot w = -d x - e y

    Pang and Liu (2011), A new hyperchaotic system from the Lü system and its control, doi:10.1016/j.cam.2010.11.029.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 36.0, "b": 3.0, "c": 20.0, "d": 2.0, "e": 2.0},
        knob="c",
        knob_means="the growth rate of y",
        start=(8.40863585, 4.67210241, 27.91032548, -1.26300886),
        symmetries=((-1, -2, 3, -4),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x), p["c"] * y - x * z + w, x * y - p["b"] * z, -p["d"] * x - p["e"] * y
