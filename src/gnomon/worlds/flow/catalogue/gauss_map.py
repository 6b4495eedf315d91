"""The Gaussian map."""

import jax.numpy as jnp

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class GaussMap(AbstractMapWorld):
    r"""A bell curve, iterated.

    .. math::
        x' = e^{-a x^2} + b

    Hilborn (2000), Chaos and Nonlinear Dynamics, doi:10.1093/acprof:oso/9780198507239.001.0001.
    """

    about = MapAbout(
        state=("x",),
        parameters={"a": 9.0, "b": -0.55},
        knob="b",
        knob_means="how far the bell is lowered",
        low=-0.57,
        high=-0.535,
        start=(0.1,),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        (x,) = u
        return (jnp.exp(-p["a"] * x**2) + p["b"],)
