"""Lorenz's symmetry, another scroll."""

from gnomon.worlds.flow.system import About, AbstractFlow


class BurkeShaw(AbstractFlow):
    r"""A relative of the Lorenz equations with the same symmetry and a differently folded attractor.

    .. math::
        \dot x = -n (x + y), \qquad \dot y = -y - n x z, \qquad \dot z = e + n x y

    Shaw (1981), Strange attractors, chaotic behavior, and information flow, doi:10.1515/zna-1981-0115.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"n": 10.0, "e": 13.0},
        knob="e",
        knob_means="constant push along z",
        start=(-0.79153188, 0.65244479, 0.22517831),
        symmetries=((-1, -2, 3),),
        notes=("dysts has + y in the second equation; Shaw damps y.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -p["n"] * (x + y), -y - p["n"] * x * z, p["e"] + p["n"] * x * y
