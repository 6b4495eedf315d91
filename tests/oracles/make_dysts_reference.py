"""Write dysts_reference.json: right-hand sides of dysts at random states. Run it with a Python that has dysts.

dysts (Gilpin 2021, arXiv 2110.05266) is an oracle, not a dependency: `python tests/oracles/make_dysts_reference.py`.
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import dysts.flows
import numpy as np

STATES = 4


def main() -> int:
    """One entry a system: its stored start, four states about it, and the right-hand side there."""
    folder = Path(dysts.flows.__file__).parent / "data" / "chaotic_attractors.json"
    stored = json.loads(folder.read_text())
    out = {}
    for name in sorted(stored):
        system = getattr(dysts.flows, name)()
        if stored[name]["delay"]:
            continue
        start = np.asarray(stored[name]["initial_conditions"], float).ravel()[
            : stored[name]["embedding_dimension"]
        ]
        rng = np.random.default_rng(len(name))
        # stored starts are on the attractor; states within half of them stay where nothing overflows
        states = start * (1 + 0.5 * rng.uniform(-1, 1, (STATES, start.size))) + 0.01 * rng.standard_normal(
            (STATES, start.size)
        )
        tendencies = [np.asarray(system.rhs(s, 0.0), float).ravel().tolist() for s in states]
        out[name] = {
            "start": start.tolist(),
            "period": stored[name]["period"],
            "leading_exponent": stored[name]["maximum_lyapunov_estimated"],
            "spectrum": stored[name]["lyapunov_spectrum_estimated"],
            "kaplan_yorke_dimension": stored[name]["kaplan_yorke_dimension"],
            "correlation_dimension": stored[name]["correlation_dimension"],
            "states": states.tolist(),
            "tendencies": tendencies,
        }
    path = Path(__file__).with_name("dysts_reference.json")
    held = {"dysts": importlib.metadata.version("dysts"), "systems": out}
    path.write_text(json.dumps(held, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    print(f"{len(out)} systems, {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
