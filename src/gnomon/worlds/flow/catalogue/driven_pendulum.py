"""A damped pendulum with a periodic torque."""

import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow


class DrivenPendulum(AbstractFlow):
    r"""A pendulum with friction and a periodic torque, which swings and turns over at random.

    .. math::
        \dot\theta = v, \qquad \dot v = -v / q - \sin\theta + g \cos\varphi, \qquad \dot\varphi = \omega

    theta is the angle, v the angular velocity, q the quality; time is in units of 1 / natural frequency.

    Baker and Gollub (1996), Chaotic dynamics: an introduction, Cambridge University Press; Gwinn and Westervelt (1985),
    Intermittent chaos and low-frequency noise in the driven damped pendulum, doi:10.1103/PhysRevLett.54.1613.
    """

    about = About(
        state=("theta", "v", "phase"),
        parameters={"q": 2.0, "g": 1.2, "omega": 2 / 3},
        knob="g",
        knob_means="the amplitude of the torque",
        start=(0.5, 1.0, 0.0),
        angles={"theta": 2 * np.pi, "phase": 2 * np.pi},
        notes=(
            "Chaotic for g from about 1.14 to 1.26; above, and about the well-known 1.5, periodic windows are wide.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        theta, v, phase = u
        return v, -v / p["q"] - jnp.sin(theta) + p["g"] * jnp.cos(phase), p["omega"]
