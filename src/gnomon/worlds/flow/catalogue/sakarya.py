"""Four wings that two attractors merged into."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Sakarya(AbstractFlow):
    r"""A four-wing attractor born where two bistable attractors merge.

    .. math::
        \dot x = a x + h y + s y z, \qquad \dot y = -b y - p x + q x z, \qquad \dot z = c z - r x y

    Li, Pehlivan, Sprott and Akgul (2015), A novel four-wing strange attractor born in bistability,
    doi:10.1587/elex.12.20141116.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": -1.0, "b": 1.0, "c": 1.0, "h": 1.0, "p": 1.0, "q": 0.4, "r": 0.3, "s": 1.0},
        knob="s",
        knob_means="strength of the product that drives x",
        start=(-2.8976045, 3.8877978, 3.07465),
        symmetries=((-1, -2, 3),),
        notes=(
            "The equation is that of dysts; its issue 10 reports other terms in the paper (y z; a constant in z).",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return (
            p["a"] * x + p["h"] * y + p["s"] * y * z,
            -p["b"] * y - p["p"] * x + p["q"] * x * z,
            p["c"] * z - p["r"] * x * y,
        )
