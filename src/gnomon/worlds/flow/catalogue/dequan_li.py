"""Three scrolls about one axis."""

from gnomon.worlds.flow.system import About, AbstractFlow


class DequanLi(AbstractFlow):
    r"""A relative of the Lorenz equations with two more products and a third scroll.

    .. math::
        \dot x = a (y - x) + d x z, \qquad \dot y = k x + f y - x z, \qquad
        \dot z = c z + x y - \varepsilon x^2

    Li (2008), A three-scroll chaotic attractor, doi:10.1016/j.physleta.2007.07.045.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 40.0, "c": 1.833, "d": 0.16, "eps": 0.65, "f": 20.0, "k": 55.0},
        knob="k",
        knob_means="coupling of x to y, as the Rayleigh number in the Lorenz equations",
        start=(-11.395722, -104.12614, 202.46173),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return (
            p["a"] * (y - x) + p["d"] * x * z,
            p["k"] * x + p["f"] * y - x * z,
            p["c"] * z + x * y - p["eps"] * x**2,
        )
