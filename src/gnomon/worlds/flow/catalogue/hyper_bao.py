"""Bao and Liu's hyperchaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperBao(AbstractFlow):
    r"""Lü and Chen's system with a fourth component that makes two directions unstable.

    .. math::
        \dot x = a (y - x) + w, \qquad \dot y = c y - x z, \qquad \dot z = x y - b z, \qquad \dot w = e x + d y z

    Bao and Liu (2008), A hyperchaotic attractor coined from chaotic Lü system, doi:10.1088/0256-307X/25/7/018.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 36.0, "b": 3.0, "c": 20.0, "d": 0.1, "e": 21.0},
        knob="c",
        knob_means="the growth rate of y",
        start=(9.271308, 9.752247, 23.919155, -16.69676),
        symmetries=((-1, -2, 3, -4),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x) + w, p["c"] * y - x * z, x * y - p["b"] * z, p["e"] * x + p["d"] * y * z
