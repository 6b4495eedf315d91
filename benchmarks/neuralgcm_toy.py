"""The packaged toy checkpoint of NeuralGCM, +K on its sea against its control: `python benchmarks/neuralgcm_toy.py`.

Prints the change of global-mean temperature by level after so many days, the drift of mean surface pressure, and the
seconds a simulated day takes. It is a toy: the numbers show that the forcing arrives, nothing about the climate.
"""

import argparse
import time

import numpy as np

from gnomon.adapters.neuralgcm.native import run_checkpoint

LEVELS = (1000.0, 850.0, 500.0, 200.0, 50.0)
NOTED = {
    1000.0: 2.8,
    850.0: 2.3,
    500.0: 2.1,
    200.0: 1.8,
    50.0: -0.4,
}  # +4 K, day 5, from an independent script


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=5.0)
    parser.add_argument("--warming", type=float, default=4.0)
    asked = parser.parse_args()
    runs = {}
    for warming in (0.0, asked.warming):
        began = time.perf_counter()
        runs[warming] = run_checkpoint("toy", days=asked.days, warming=warming, levels=LEVELS)
        seconds = time.perf_counter() - began
        told = runs[warming].attrs
        print(
            f"+{warming:g} K: {seconds / asked.days:.1f} s a simulated day (start and compilation included)"
        )
        print(
            f"  drift of mean surface pressure: {told['ps_drift']}; stopped: {told['stopped'] or 'no'}",
            flush=True,
        )
    control, warm = runs[0.0]["ta"], runs[asked.warming]["ta"]
    weights = np.cos(np.deg2rad(control["lat"].values))
    change = np.average((warm - control).isel(time=-1).mean("lon").values, axis=1, weights=weights)
    print(f"change of global-mean temperature after {asked.days:g} days:")
    for level, x in zip(LEVELS, change, strict=True):
        noted = f" (noted: {NOTED[level]:+.1f})" if (asked.days, asked.warming) == (5.0, 4.0) else ""
        print(f"  {level:6g} hPa {x:+.2f} K{noted}")


if __name__ == "__main__":
    main()
