"""Five species of plankton on five resources."""

import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow

# Half-saturation constants and contents of Huisman and Weissing, [resource, species].
HALF = np.array(
    [
        [0.39, 0.34, 0.30, 0.24, 0.23],
        [0.22, 0.39, 0.34, 0.30, 0.27],
        [0.27, 0.22, 0.39, 0.34, 0.30],
        [0.30, 0.24, 0.22, 0.39, 0.34],
        [0.34, 0.30, 0.22, 0.20, 0.39],
    ]
)
CONTENT = np.array(
    [
        [0.04, 0.04, 0.07, 0.04, 0.04],
        [0.08, 0.08, 0.08, 0.10, 0.08],
        [0.10, 0.10, 0.10, 0.10, 0.14],
        [0.05, 0.03, 0.03, 0.03, 0.03],
        [0.07, 0.09, 0.07, 0.07, 0.07],
    ]
)


class MacArthur(AbstractFlow):
    r"""Five kinds of plankton that compete for five resources, each growing as its scarcest one lets it.

    .. math::
        \dot n_i = n_i (\mu_i - m), \qquad \dot r_j = d (s_j - r_j) - \sum_i c_{ji} \mu_i n_i, \qquad
        \mu_i = r \min_j \frac{r_j}{k_{ji} + r_j}

    n are abundances, r resources, s their supply; time is in days.

    Huisman and Weissing (1999), Biodiversity of plankton by species oscillations and chaos, doi:10.1038/46540; the
    model goes back to MacArthur (1969), Species packing, and what competition minimizes, doi:10.1073/pnas.64.4.1369.
    """

    about = About(
        state=("n1", "n2", "n3", "n4", "n5", "r1", "r2", "r3", "r4", "r5"),
        parameters={
            "d": 0.25,
            "m": 0.25,
            "r": 1.0,
            "s1": 6.0,
            "s2": 10.0,
            "s3": 14.0,
            "s4": 4.0,
            "s5": 9.0,
        },
        knob="d",
        knob_means="the rate at which water is exchanged",
        start=(
            9.4323333,
            18.838654,
            34.37572,
            15.08545,
            42.228427,
            0.17030505,
            0.10144427,
            0.3148045,
            0.21253581,
            0.22598604,
        ),
        time_units="d",
        notes=("The least of five rates has kinks but no jumps.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        u = jnp.stack(jnp.broadcast_arrays(*u))
        n, r = u[:5], u[5:]
        half = HALF.reshape(5, 5, *[1] * (u.ndim - 1))
        growth = p["r"] * (r[:, None] / (half + r[:, None])).min(0)
        eaten = jnp.tensordot(CONTENT, growth * n, axes=1)
        supply = [p["d"] * (p[f"s{j + 1}"] - r[j]) - eaten[j] for j in range(5)]
        return *(n * (growth - p["m"])), *supply
