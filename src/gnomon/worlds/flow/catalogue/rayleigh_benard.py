"""Convection in a box, as the catalogues have it: Lü and Chen's equation."""

from gnomon.worlds.flow.system import About, AbstractFlow


class RayleighBenard(AbstractFlow):
    r"""A reduced model of a convection cell whose equation is that of Lü and Chen.

    .. math::
        \dot x = a (y - x), \qquad \dot y = r y - x z, \qquad \dot z = x y - b z

    Lü and Chen (2002), A new chaotic attractor coined, doi:10.1142/S0218127402004620; with this name and these
    parameters collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 30.0, "b": 5.0, "r": 18.0},
        knob="r",
        knob_means="the growth rate of y",
        start=(-15.660582, -13.32018, 26.879362),
        symmetries=((-1, -2, 3),),
        notes=(
            "lu_chen is the same equation at other parameters.",
            "Convection proper has r x - y - x z in the second equation, which is lorenz63.",
            "The paper that dysts names, by Yanagita and Kaneko, is about lattices of coupled maps.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * (y - x), p["r"] * y - x * z, x * y - p["b"] * z
