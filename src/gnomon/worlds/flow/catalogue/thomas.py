"""Thomas' cyclically symmetric attractor."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class Thomas(AbstractFlow):
    r"""A damped particle in a lattice of forces that has cyclic symmetry.

    .. math::
        \dot x = -a x + b \sin y, \qquad \dot y = -a y + b \sin z, \qquad \dot z = -a z + b \sin x

    Thomas (1999), Deterministic chaos seen in terms of feedback circuits: analysis, synthesis, labyrinth chaos,
    doi:10.1142/S0218127499001383.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.85, "b": 10.0},
        knob="a",
        knob_means="damping",
        start=(2.199442, 2.3634225, 3.220197),
        symmetries=(
            (2, 3, 1),
            (-1, -2, -3),
        ),
        notes=("The source has strength 1: divide a by b, and multiply time by b.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        drag, push = p["a"], p["b"]
        return -drag * x + push * jnp.sin(y), -drag * y + push * jnp.sin(z), -drag * z + push * jnp.sin(x)
