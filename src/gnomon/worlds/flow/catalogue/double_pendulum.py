"""A rod that hangs from a rod."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow

TURN = 2 * math.pi


class DoublePendulum(AbstractFlow):
    r"""Two equal uniform rods of mass m and length d hung one from the other, without friction.

    .. math::
        \dot \theta_1 = \frac{6}{m d^2} \frac{2 p_1 - 3 p_2 \cos\Delta}{16 - 9 \cos^2 \Delta}, \qquad
        \dot \theta_2 = \frac{6}{m d^2} \frac{8 p_2 - 3 p_1 \cos\Delta}{16 - 9 \cos^2 \Delta}, \qquad
        \Delta = \theta_1 - \theta_2,

    .. math::
        \dot p_1 = -\tfrac12 m d^2 \left( \dot\theta_1 \dot\theta_2 \sin\Delta + \tfrac{3 g}{d} \sin\theta_1 \right),
        \qquad
        \dot p_2 = \tfrac12 m d^2 \left( \dot\theta_1 \dot\theta_2 \sin\Delta - \tfrac{g}{d} \sin\theta_2 \right)

    Shinbrot, Grebogi, Wisdom and Yorke (1992), Chaos in a double pendulum, doi:10.1119/1.16860.
    """

    about = About(
        state=("theta1", "theta2", "p1", "p2"),
        parameters={"d": 1.0, "m": 1.0, "g": 9.82},
        knob="g",
        knob_means="gravity",
        start=(-0.35, 2.8, 1.2, 1.0),
        angles={"theta1": TURN, "theta2": TURN},
        symmetries=((-1, -2, -3, -4),),
        scheme="gauss_legendre",
        conservative=True,
        notes=(
            "dysts pulls the lower rod with 3 g as it does the upper; a uniform rod that nothing hangs from has g.",
            "Chaos depends on the energy, which the random starts share only about.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        theta1, theta2, *_ = u
        rate1, rate2 = DoublePendulum._rates(u, p)
        twist = rate1 * rate2 * jnp.sin(theta1 - theta2)
        inertia, pull = 0.5 * p["m"] * p["d"] ** 2, p["g"] / p["d"]
        return (
            rate1,
            rate2,
            -inertia * (twist + 3 * pull * jnp.sin(theta1)),
            inertia * (twist - pull * jnp.sin(theta2)),
        )

    @staticmethod
    def invariants(u, p):
        """The energy."""
        theta1, theta2, p1, p2 = u
        rate1, rate2 = DoublePendulum._rates(u, p)
        height = 3 * jnp.cos(theta1) + jnp.cos(theta2)
        return {"energy": 0.5 * (p1 * rate1 + p2 * rate2) - 0.5 * p["m"] * p["g"] * p["d"] * height}

    @staticmethod
    def _rates(u, p):
        """Angular velocities from the momenta."""
        theta1, theta2, p1, p2 = u
        cos = jnp.cos(theta1 - theta2)
        scale = 6 / (p["m"] * p["d"] ** 2) / (16 - 9 * cos**2)
        return scale * (2 * p1 - 3 * cos * p2), scale * (8 * p2 - 3 * cos * p1)
