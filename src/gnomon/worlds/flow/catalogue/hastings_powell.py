"""A food chain of three: the teacup."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HastingsPowell(AbstractFlow):
    r"""Plants, grazers and predators, each saturating on the one below.

    .. math::
        \dot x = x (1 - x) - \frac{a_1 x y}{1 + b_1 x}, \qquad
        \dot y = \frac{a_1 x y}{1 + b_1 x} - \frac{a_2 y z}{1 + b_2 y} - d_1 y, \qquad
        \dot z = \frac{a_2 y z}{1 + b_2 y} - d_2 z

    Hastings and Powell (1991), Chaos in a three-species food chain, doi:10.2307/1940591.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a1": 5.0, "a2": 0.1, "b1": 3.0, "b2": 2.0, "d1": 0.4, "d2": 0.01},
        knob="b1",
        knob_means="how early the grazers are sated",
        start=(0.73207001, 0.17549271, 9.9014657),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        grazed = p["a1"] * x * y / (1 + p["b1"] * x)
        hunted = p["a2"] * y * z / (1 + p["b2"] * y)
        return x * (1 - x) - grazed, grazed - hunted - p["d1"] * y, hunted - p["d2"] * z
