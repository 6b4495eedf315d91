"""Lü and Chen's system, between Lorenz' and Chen's."""

from gnomon.worlds.flow.system import About, AbstractFlow


class LuChen(AbstractFlow):
    r"""The bridge between Lorenz' and Chen's attractors, which it resembles at small and at large c.

    .. math::
        \dot x = a (y - x), \qquad \dot y = c y - x z, \qquad \dot z = x y - b z

    Lü and Chen (2002), A new chaotic attractor coined, doi:10.1142/S0218127402004620.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 36.0, "b": 3.0, "c": 18.0},
        knob="c",
        knob_means="the growth rate of y",
        start=(10.956479, 9.8813092, 22.676714),
        symmetries=((-1, -2, 3),),
        notes=("rayleigh_benard is the same equation at other parameters.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * (y - x), p["c"] * y - x * z, x * y - p["b"] * z
