"""Sprott's case R."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottR(AbstractFlow):
    r"""Two constant drives and one product.

    .. math::
        \dot x = a - y, \qquad \dot y = b + z, \qquad \dot z = x y - z

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.9, "b": 0.4},
        knob="a",
        knob_means="constant drive of x",
        start=(-1.6914909, -1.9783678, 1.9807775),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] - y, p["b"] + z, x * y - z
