"""Rucklidge's double convection."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Rucklidge(AbstractFlow):
    r"""Convection in a layer with lateral constraints, cut down to three modes.

    .. math::
        \dot x = -a x + b y - y z, \qquad \dot y = x, \qquad \dot z = -z + y^2

    Rucklidge (1992), Chaos in models of double convection, doi:10.1017/S0022112092003392.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 2.0, "b": 6.7},
        knob="b",
        knob_means="how strongly the layer is heated",
        start=(1.9257158, 3.1923835, 5.7829655),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -p["a"] * x + p["b"] * y - y * z, x, -z + y**2
