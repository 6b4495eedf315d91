"""A drop that bounces on a shaken soap film."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class FluidTrampoline(AbstractFlow):
    r"""A drop at height x that falls freely above a shaken soap film and is thrown back by it below.

    .. math::
        \dot x = y, \qquad \dot y = -1 - \Theta(-x) \left( x + \psi y |y| \right) + \gamma \cos \phi, \qquad
        \dot \phi = w

    with Theta the step function: in the frame of the film, gravity is 1 and the film a spring with a little loss.

    Gilet and Bush (2009), The fluid trampoline: droplets bouncing on a soap film, doi:10.1017/S0022112008005442.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"gamma": 1.82, "psi": 0.01019, "w": 1.21},
        knob="gamma",
        knob_means="acceleration of the shaking, in units of gravity",
        start=(-0.65820064, -2.8807787, 0.1),
        angles={"phase": 2 * math.pi},
        smooth=False,
        notes=(
            "The damping is switched on at contact: the right-hand side jumps there by one percent of y^2.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        film = jnp.where(x < 0, x + p["psi"] * y * jnp.abs(y), 0.0)
        return y, p["gamma"] * jnp.cos(phase) - 1 - film, p["w"]
