"""Thomas' labyrinth: chaos that almost walks away."""

from gnomon.worlds.flow.catalogue.thomas import Thomas
from gnomon.worlds.flow.system import About, AbstractFlow


class ThomasLabyrinth(AbstractFlow):
    r"""A barely damped particle that wanders through a lattice of forces.

    .. math::
        \dot x = -a x + b \sin y, \qquad \dot y = -a y + b \sin z, \qquad \dot z = -a z + b \sin x

    Thomas (1999), Deterministic chaos seen in terms of feedback circuits: analysis, synthesis, labyrinth chaos,
    doi:10.1142/S0218127499001383.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.5, "b": 10.0},
        knob="a",
        knob_means="damping",
        start=(-4.9599545, 1.0302034, -4.6883893),
        symmetries=(
            (2, 3, 1),
            (-1, -2, -3),
        ),
        notes=("The equation of `thomas` with less damping.",),
    )

    rhs = staticmethod(Thomas.rhs)  # the same equation at other parameters
