"""A spring in a heat bath (Nosé and Hoover)."""

from gnomon.worlds.flow.system import About, AbstractFlow


class NoseHoover(AbstractFlow):
    r"""An oscillator whose friction is steered so that its kinetic energy keeps a given mean.

    .. math::
        \dot x = y, \qquad \dot y = -x + y z, \qquad \dot z = a - y^2

    x is the position, y the velocity, z minus the friction, a the temperature.

    Hoover (1985), Canonical dynamics: equilibrium phase-space distributions, doi:10.1103/PhysRevA.31.1695, after Nosé
    (1984), doi:10.1063/1.447334.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.5, "stiffness": 1.0},
        knob="a",
        knob_means="the temperature of the bath",
        start=(0.0, 5.0, 0.0),
        symmetries=((-1, -2, 3),),
        conservative=True,
        notes=(
            "The divergence is z: volumes are kept in the mean of an orbit, not everywhere.",
            "Tori and a chaotic sea lie side by side: facts are those of the sea, whose orbits linger near tori.",
            "sprott_a is this equation at a = 1.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y, -p["stiffness"] * x + y * z, p["a"] - y * y
