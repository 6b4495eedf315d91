"""Xu's hyperchaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperXu(AbstractFlow):
    r"""Four components whose products lie on y, z and w.

    .. math::
        \dot x = a (y - x) + w, \qquad \dot y = b x + e x z, \qquad \dot z = -c z - x y, \qquad \dot w = x z - d y

    Letellier and Rössler (2007), Hyperchaos, doi:10.4249/scholarpedia.1936.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 10.0, "b": 40.0, "c": 2.5, "d": 2.0, "e": 16.0},
        knob="b",
        knob_means="how strongly x drives y",
        start=(0.68944486, -0.60254126, -0.5814657, 0.26629277),
        symmetries=((-1, -2, 3, -4),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x) + w, p["b"] * x + p["e"] * x * z, -p["c"] * z - x * y, x * z - p["d"] * y
