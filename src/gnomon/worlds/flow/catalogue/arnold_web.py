"""Froeschle's rotators, kicked gently."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow

TURN = 2 * math.pi


class ArnoldWeb(AbstractFlow):
    r"""Two free rotators weakly coupled to each other and to a clock: chaos on a web of resonances.

    .. math::
        \dot p_i = -\frac{\mu \sin x_i}{(4 + \cos \phi + \cos x_1 + \cos x_2)^2}, \qquad \dot x_i = p_i, \qquad
        \dot \phi = w

    Froeschle, Guzzo and Lega (2000), Graphical evolution of the Arnold web: from order to chaos,
    doi:10.1126/science.289.5487.2108.
    """

    about = About(
        state=("p1", "p2", "x1", "x2", "phase"),
        parameters={"mu": 0.01, "w": 1.0},
        knob="mu",
        knob_means="strength of the coupling",
        start=(0.10469507, 0.0892929984, -1.6216, -1.6679, 0.1),
        angles={"x1": TURN, "x2": TURN, "phase": TURN},
        symmetries=((2, 1, 4, 3, 5), (-1, 2, -3, 4, 5), (1, -2, 3, -4, 5)),
        conservative=True,
        notes=(
            "Momenta come first; the phase stands for the third rotator, whose own momentum is left out.",
            "Chaos is weak and confined to resonances: the exponent depends on the orbit.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        p1, p2, x1, x2, phase = u
        pull = p["mu"] / (4 + jnp.cos(phase) + jnp.cos(x1) + jnp.cos(x2)) ** 2
        return -pull * jnp.sin(x1), -pull * jnp.sin(x2), p1, p2, p["w"]
