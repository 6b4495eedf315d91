"""Liu and Chen's four scrolls, two at a time."""

from gnomon.worlds.flow.system import About, AbstractFlow


class LiuChen(AbstractFlow):
    r"""Three components, each driven by the product of the other two.

    .. math::
        \dot x = a x + s y z, \qquad \dot y = -b y - q x z, \qquad \dot z = -c z - r x y

    Liu and Chen (2004), Can a three-dimensional smooth autonomous quadratic chaotic system generate a single
    four-scroll attractor?, doi:10.1142/S0218127404009880.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.4, "b": 12.0, "c": 5.0, "q": 1.0, "r": 1.0, "s": 1.0},
        knob="a",
        knob_means="the growth rate of x",
        start=(4.6722764, 5.2437205e-10, -6.4444208e-10),
        symmetries=((-1, -2, 3), (-1, 2, -3), (1, -2, -3)),
        notes=(
            "The sign of z is that of dysts: the paper's system is this one's image under z -> -z.",
            "dysts writes it in the family of sakarya, whose other parameters are zero here and left out.",
            "Orbits pass close to the x axis, which is invariant: y and z fall below 1e-9 between bursts.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * x + p["s"] * y * z, -p["b"] * y - p["q"] * x * z, -p["c"] * z - p["r"] * x * y
