"""Where the catalogue differs on purpose from dysts 0.95 (Gilpin 2021, arXiv 2110.05266): class -> why."""

# Another equation, with the source that was consulted.
DIFFERENT: dict[str, str] = {
    "BurkeShaw": (
        "dysts has + y in the second equation; Shaw (1981), doi:10.1515/zna-1981-0115, has - y (S = 10, "
        "V = 13)"
    ),
    "DoublePendulum": (
        "dysts pulls the lower rod with 3 g; two equal uniform rods have the potential -m g d (3 cos th1 "
        "+ cos th2) / 2, so g"
    ),
    "BickleyJet": (
        "all velocities of dysts have the wrong sign: x' = -d psi/dy, y' = d psi/dx in Rypina (2007), a "
        "jet that runs with its waves; and its time grows without bound: ours is seen from the third "
        "wave, with two phases"
    ),
    "BlinkingRotlet": (
        "Cartesian, with a finite core and a softer switch; at core 0, sharpness 60, sigma -1 it equals "
        "dysts after the change of coordinates"
    ),
    "BlinkingVortex": (
        "Cartesian, with a finite core and a softer switch; at core 0, sharpness 60, sigma -1 it equals "
        "dysts after the change of coordinates"
    ),
    "WindmiReduced": (
        "dysts halves the pressure (p**1 / 2); the source has its square root: Horton, Weigel and Sprott "
        "(2001), doi:10.1063/1.1371522"
    ),
    "Torus": (
        "dysts gives the curves as functions of time alone, whatever the state; ours is autonomous with "
        "these curves as solutions on an attracting torus"
    ),
}

# The same equation at other standard parameters: with dysts' (given here) orbits are periodic, come to rest or escape.
# PanXuZhou: below k = a (a + b) / (a - b) = 17.27 both rest states are stable.
REGIME: dict[str, dict[str, float]] = {
    "ForcedVanDerPol": {"a": 1.2, "mu": 8.53, "w": 0.63},
    "ForcedFitzHughNagumo": {"curr": 0.965, "f": 0.4008225, "gamma": 0.08, "omega": 0.043650793650793655},
    "GlycolyticOscillation": {"k": 4.422},
    "HyperLu": {"d": 1.3},
    "PanXuZhou": {"k": 16.0},
}
