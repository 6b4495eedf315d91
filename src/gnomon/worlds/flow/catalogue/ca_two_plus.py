"""Calcium in a cell that hormones excite: bursts and chaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class CaTwoPlus(AbstractFlow):
    r"""Calcium in the cytosol and in a store, and the messenger that opens the store, bursting at random.

    .. math::
        \dot z &= v_0 + v_1 \beta - V_2 + V_3 + k_f y - k z, \qquad
        \dot y = V_2 - V_3 - k_f y, \qquad \dot a = \beta v_4 - V_5 - \varepsilon a, \\
        V_2 &= v_{m2} \frac{z^2}{k_2^2 + z^2}, \quad
        V_3 = v_{m3} \frac{z^2}{k_z^2 + z^2} \frac{y^2}{k_y^2 + y^2} \frac{a^4}{k_a^4 + a^4}, \quad
        V_5 = v_{m5} \frac{a}{k_5 + a} \frac{z^4}{k_d^4 + z^4}

    Houart, Dupont and Goldbeter (1999), Bursting, chaos and birhythmicity originating from self-modulation of the
    inositol 1,4,5-trisphosphate signal in a model for intracellular Ca2+ oscillations, doi:10.1006/bulm.1999.0095.
    """

    about = About(
        state=("z", "y", "a"),
        parameters={
            "v0": 2.0, "v1": 2.0, "beta": 0.65, "vm2": 6.0, "k2": 0.1, "vm3": 30.0, "kz": 0.6, "ky": 0.3, "ka": 0.1,
            "kf": 1.0, "k": 10.0, "v4": 3.0, "vm5": 50.0, "k5": 0.3194, "kd": 1.0, "eps": 13.0,
        },
        knob="beta",
        knob_means="how strongly the cell is stimulated",
        start=(0.26162904, 1.0055612, 0.14407867),
        notes=("The constants are those for chaos; ca_two_plus_quasiperiodic has others of the same study.",),
    )  # fmt: skip

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        z, y, a = u
        stored = p["vm2"] * z**2 / (p["k2"] ** 2 + z**2)
        by_z, by_y, by_a = (
            z**2 / (p["kz"] ** 2 + z**2),
            y**2 / (p["ky"] ** 2 + y**2),
            a**4 / (p["ka"] ** 4 + a**4),
        )
        released = p["vm3"] * by_z * by_y * by_a + p["kf"] * y
        removed = p["vm5"] * a / (p["k5"] + a) * z**4 / (p["kd"] ** 4 + z**4)
        return (
            p["v0"] + p["v1"] * p["beta"] - stored + released - p["k"] * z,
            stored - released,
            p["beta"] * p["v4"] - removed - p["eps"] * a,
        )
