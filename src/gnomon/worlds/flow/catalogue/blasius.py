"""Plants, hares and lynx of Blasius: regular in time, wild in size."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Blasius(AbstractFlow):
    r"""Vegetation, a consumer and its predator, cycling at a steady beat to unpredictable heights.

    .. math::
        \dot x = a x - \frac{\alpha_1 x y}{1 + k_1 x}, \qquad
        \dot y = -b y + \frac{\alpha_1 x y}{1 + k_1 x} - \alpha_2 y z, \qquad
        \dot z = -c (z - z_s) + \alpha_2 y z

    Blasius, Huppert and Stone (1999), Complex dynamics and phase synchronization in spatially extended ecological
    systems, doi:10.1038/20676.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.0, "alpha1": 0.2, "alpha2": 1.0, "b": 1.0, "c": 10.0, "k1": 0.05, "zs": 0.006},
        knob="a",
        knob_means="growth rate of the plants",
        start=(4.031713, 5.1113788, 0.016508812),
        notes=("The predator does not saturate: the constant k2 of the general model is zero.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        grazed = p["alpha1"] * x * y / (1 + p["k1"] * x)
        caught = p["alpha2"] * y * z
        return p["a"] * x - grazed, grazed - p["b"] * y - caught, caught - p["c"] * (z - p["zs"])
