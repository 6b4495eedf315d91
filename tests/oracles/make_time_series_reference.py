"""Write time_series_reference.json: what ordpy, antropy and ewstools say of fixed series.

They are oracles, not dependencies: run it with a Python that has all three,
`python tests/oracles/make_time_series_reference.py`.
"""

import importlib.metadata
import json
import sys
from pathlib import Path

import antropy
import ewstools
import numpy as np
import ordpy
import pandas

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.oracles.series import CURVES, ENTROPIES, ENTROPIES_LONG, drifting, series, tied

PACKAGES = ("ordpy", "antropy", "ewstools")


def thinned(curve: np.ndarray, most: int = 120) -> np.ndarray:
    """Evenly spaced points of a curve, so that the file stays small."""
    return curve[np.unique(np.linspace(0, len(curve) - 1, most).round().astype(int))].round(9)


def main() -> int:
    """One entry a question."""
    made = series()
    ordinal = [
        [name, order, delay, *map(float, ordpy.complexity_entropy(x, dx=order, taux=delay))]
        for order, delay in ENTROPIES
        for name, x in made.items()
    ]
    entropies = [
        [name, order, delay, float(antropy.perm_entropy(x, order=order, delay=delay, normalize=True))]
        for order, delay in ENTROPIES_LONG
        for name, x in made.items()
    ]
    curves = {
        str(order): {
            side: thinned(np.asarray(getattr(ordpy, f"{side}_complexity_entropy")(dx=order))).tolist()
            for side in ("minimum", "maximum")
        }
        for order in CURVES
    }
    warned = ewstools.TimeSeries(data=pandas.Series(drifting()))
    warned.detrend(method="Gaussian", bandwidth=0.2)
    warned.compute_var(rolling_window=75)
    warned.compute_auto(lag=1, rolling_window=75)
    warned.compute_skew(rolling_window=75)
    warned.compute_ktau()
    table = warned.ews.dropna()
    held = {
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "ordinal": ordinal,
        "entropies": entropies,
        "ties": list(map(float, ordpy.complexity_entropy(tied(), dx=4))),
        "curves": curves,
        "residuals": warned.state["residuals"].round(12).tolist(),
        "variance": table["variance"].tolist(),
        "ac1": table["ac1"].tolist(),
        "skew": table["skew"].tolist(),
        "tau": float(warned.ktau["variance"]),
    }
    path = Path(__file__).with_name("time_series_reference.json")
    path.write_text(json.dumps(held, separators=(",", ":")) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
