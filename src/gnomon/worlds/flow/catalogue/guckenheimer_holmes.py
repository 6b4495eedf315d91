"""A fast rotation that a slow axis winds up."""

from gnomon.worlds.flow.system import About, AbstractFlow


class GuckenheimerHolmes(AbstractFlow):
    r"""Where a fold meets a Hopf point: fast rotation whose size slowly grows and collapses along an axis.

    .. math::
        \dot x = a x - b y + c x z + d z (x^2 + y^2), \qquad \dot y = a y + b x + c y z, \qquad
        \dot z = e - z^2 - f (x^2 + y^2) - a z^3

    Guckenheimer and Holmes (1983), Nonlinear Oscillations, Dynamical Systems, and Bifurcations of Vector Fields,
    doi:10.1007/978-1-4612-1140-2; this form is collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.4, "b": 20.25, "c": 3.0, "d": 1.6, "e": 1.7, "f": 0.44},
        knob="e",
        knob_means="constant push along the axis",
        start=(-0.55582369, 0.05181624, 0.37766104),
        notes=(
            "The term with d breaks the rotational symmetry of the normal form; without it there is a torus.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        growth, square = p["a"] + p["c"] * z, x**2 + y**2
        return (
            growth * x - p["b"] * y + p["d"] * z * square,
            growth * y + p["b"] * x,
            p["e"] - z**2 - p["f"] * square - p["a"] * z**3,
        )
