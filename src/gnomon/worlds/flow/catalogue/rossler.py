"""Rössler's band."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Rossler(AbstractFlow):
    r"""A band that is stretched and folded once a turn.

    .. math::
        \dot x = -y - z, \qquad \dot y = x + a y, \qquad \dot z = b + z (x - c)

    Rössler (1976), An equation for continuous chaos, doi:10.1016/0375-9601(76)90101-8.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.2, "b": 0.2, "c": 5.7},
        knob="c",
        knob_means="where the band folds",
        start=(6.5, -1.7, 0.12),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -y - z, x + p["a"] * y, p["b"] + z * (x - p["c"])
