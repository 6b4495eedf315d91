"""A cubic jerk: Shilnikov's spirals about three rest states."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Arneodo(AbstractFlow):
    r"""A damped particle whose acceleration relaxes, in a double well turned upside down.

    .. math::
        \dot x = y, \qquad \dot y = z, \qquad \dot z = -a x - b y - c z + d x^3

    Arneodo, Coullet and Tresser (1981), Possible new strange attractors with spiral structure,
    doi:10.1007/BF01209312; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": -5.5, "b": 4.5, "c": 1.0, "d": -1.0},
        knob="a",
        knob_means="linear force, negative where rest at zero is unstable",
        start=(-2.7515698, 0.19079818, 3.4703629),
        symmetries=((-1, -2, -3),),
        notes=(
            "The same equation as coullet at other parameters; two attractors, mirror images, may coexist.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, z, -p["a"] * x - p["b"] * y - p["c"] * z + p["d"] * x**3
