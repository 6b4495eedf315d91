"""Rössler's hyperchaos, the first known."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperRossler(AbstractFlow):
    r"""A spiral that is unstable in two directions and folded back by one product.

    .. math::
        \dot x = -y - z, \qquad \dot y = x + a y + w, \qquad \dot z = b + x z, \qquad \dot w = d w - c z

    Rössler (1979), An equation for hyperchaos, doi:10.1016/0375-9601(79)90150-6.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 0.25, "b": 3.0, "c": 0.5, "d": 0.05},
        knob="b",
        knob_means="the supply of z",
        start=(-93.667697, 15.5078, 0.032086964, 43.792796),
        spread=0.005,
        notes=("The basin is thin: orbits from elsewhere escape to infinity.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return -y - z, x + p["a"] * y + w, p["b"] + x * z, p["d"] * w - p["c"] * z
