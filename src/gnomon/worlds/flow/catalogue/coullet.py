"""A cubic jerk with weak damping: Coullet's spiral."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Coullet(AbstractFlow):
    r"""A damped particle whose acceleration relaxes, in a double well.

    .. math::
        \dot x = y, \qquad \dot y = z, \qquad \dot z = -a x - b y - c z + d x^3

    Arneodo, Coullet and Tresser (1981), Possible new strange attractors with spiral structure,
    doi:10.1007/BF01209312; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": -0.8, "b": 1.1, "c": 0.45, "d": -1.0},
        knob="a",
        knob_means="linear force, negative where rest at zero is unstable",
        start=(0.34539837958549907, 0.4284701181998099, 0.086983698175975),
        symmetries=((-1, -2, -3),),
        notes=("The same equation as arneodo at other parameters.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, z, -p["a"] * x - p["b"] * y - p["c"] * z + p["d"] * x**3
