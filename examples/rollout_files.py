"""A model that cannot be called from Python: Gnomon writes the starts, the model writes its runs, Gnomon scores them.

gnomon starts --world lorenz63 --trial forecast --units 8 --out starts.npz
... the model runs, wherever and however it likes ...
gnomon test runs.npz --world lorenz63 --trials forecast --units 8

This file does the three in turn; `external_model` stands for the program that is not Python.
"""

import json
import tempfile
from pathlib import Path

import numpy as np

from gnomon.cli.main import outcome


def external_model(starts: Path, runs: Path) -> None:
    """Read the starts, run, and write [unit, member, lead] for every variable."""
    given = np.load(starts)
    meta = json.loads(str(given["meta"]))
    out = {"identity": given["identity"]}  # ties the runs to these starts
    for place, size in meta["experiments"].items():  # as in "forecast/forecast"
        x, y, z = (given[f"{place}/history/{v}"][:, :, -1] for v in "xyz")  # [unit, member], the present
        rho = given[f"{place}/forcing/rho"]  # [unit, step]
        saved = []
        for n in range((size["discard"] + size["steps"]) * size["stride"]):
            for _ in range(10):  # ten small Euler steps: a crude model
                h, r = size["dt"] / 10, rho[:, None, n]
                x, y, z = x + h * 10 * (y - x), y + h * (x * (r - z) - y), z + h * (x * y - 8 / 3 * z)
            if (n + 1) % size["stride"] == 0:
                saved.append((x, y, z))
        for i, v in enumerate("xyz"):
            out[f"{place}/{v}"] = np.stack([s[i] for s in saved], axis=-1)[..., size["discard"] :]
    np.savez(runs, **out)


if __name__ == "__main__":
    same = ["--world", "lorenz63", "--trials", "forecast", "--units", "8", "--store", "example-results"]
    with tempfile.TemporaryDirectory() as folder:
        starts, runs = Path(folder, "starts.npz"), Path(folder, "euler.npz")
        assert outcome(["starts", *same, "--out", str(starts)]) == 0
        external_model(starts, runs)
        assert outcome(["test", str(runs), *same, "--quiet"]) == 0
