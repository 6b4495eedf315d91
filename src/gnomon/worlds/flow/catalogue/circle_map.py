"""The sine circle map."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class CircleMap(AbstractMapWorld):
    r"""An oscillator that is pushed once a turn, past the breakdown of its torus.

    .. math::
        \theta' = \theta + \Omega - \frac{k}{2\pi} \sin 2\pi\theta \pmod 1

    Jensen, Bak and Bohr (1984), Transition to chaos by interaction of resonances in dissipative systems. I. Circle
    maps, doi:10.1103/PhysRevA.30.1960.
    """

    about = MapAbout(
        state=("theta",),
        parameters={"omega": 0.5, "k": 2.0},
        knob="k",
        knob_means="strength of the push",
        low=1.9,
        high=2.1,
        start=(0.2,),
        angles={"theta": 1.0},
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        (theta,) = u
        turn = 2 * math.pi
        return (theta + p["omega"] - p["k"] / turn * jnp.sin(turn * theta),)
