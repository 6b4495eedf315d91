"""How long a question to a store of many results takes: `python benchmarks/store_query.py [RESULTS]`.

Builds a store of synthetic results in a temporary folder, then prints the seconds of the first question (which builds
the index), of a second one in the same process, of one in a fresh interpreter (imports included, as a person at the
command line meets it), and of one after a hundred results were added.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gnomon.spec.identity import identity
from gnomon.spec.results import Estimate, Result, Score
from gnomon.store.results import Store

QUESTION = (
    "SELECT learner, trial, avg(fidelity) AS fidelity, count(*) AS n FROM scores "
    "WHERE study = 'synthetic' AND headline GROUP BY ALL ORDER BY ALL"
)
MEASURES = ("valid_time", "error_growth", "attractor", "moments", "log_spectrum", "wasserstein")
WORLDS = ("lorenz63", "lorenz96", "kuramoto_sivashinsky")
LEARNERS = ("perfect", "null", "persistence", "climatology", "linear", "nvar", "echo_state", "residual")
TRIALS = ("forecast", "climate", "response", "shift", "trust")


def synthetic(number: int, rng: np.random.Generator) -> Result:
    """A result of the usual size with random numbers in it."""
    case = {
        "world": {"kind": WORLDS[number % 3], "args": {}, "label": ""},
        "learner": {"kind": LEARNERS[number % 8], "args": {"delays": 3}, "label": ""},
        "trial": {
            "kind": TRIALS[number % 5],
            "args": {"units": 40},
            "measures": [{"kind": m} for m in MEASURES],
        },
        "data": {"trajectories": 24, "validation": 8, "steps": 500},
        "seed": number,
        "precision": "float64",
    }

    def estimate() -> Estimate:
        value = float(rng.normal())
        return Estimate(value=value, low=value - 0.1, high=value + 0.1, stderr=0.05, n=40)

    scores = tuple(
        Score(
            measure=name, version=1, units="1", status="ok", headline=i == 0, null_name="gaussian", n=40,
            value=estimate(), null_value=estimate(), floor_value=estimate(), discrepancy=estimate(), null=estimate(),
            floor=estimate(), fidelity=estimate(), smallest_effect=0.1,
        )
        for i, name in enumerate(MEASURES)
    )  # fmt: skip
    nodes = " ".join(f"runs/{identity('runs', [number, i])}" for i in range(4))
    return Result(
        id=identity("case", case), case=case, status="ok", scores=scores, cost={"seconds": 1.0},
        provenance={"rung": "flow", "nodes": nodes},
    )  # fmt: skip


def main(results: int = 10_000) -> float:
    """Print the seconds; those of a warm question are returned."""
    with tempfile.TemporaryDirectory(prefix="gnomon-bench-") as folder:
        store = Store(Path(folder) / "store")
        rng = np.random.default_rng(0)
        made = [synthetic(i, rng) for i in range(results + 100)]
        begin = time.perf_counter()
        for result in made[:results]:
            store.put_result(result)
        writing = time.perf_counter() - begin
        store.put_study("synthetic", [r.id for r in made], {"question": "how long does a question take?"})
        print(
            f"{results} results written, each synced: {writing:.2f} s, {1e3 * writing / results:.2f} ms a result"
        )
        seconds = {}
        for label in ("cold (builds the index)", "warm"):
            begin = time.perf_counter()
            rows = store.query(QUESTION)
            seconds[label] = time.perf_counter() - begin
        assert sum(row["n"] for row in rows) == results
        code = f"from gnomon.store.results import Store; Store({str(store.root)!r}).query({QUESTION!r})"
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        seconds["warm, fresh interpreter"] = time.perf_counter() - begin
        for result in made[results:]:
            store.put_result(result)
        begin = time.perf_counter()
        rows = store.query(QUESTION)
        seconds["after 100 more results"] = time.perf_counter() - begin
        assert sum(row["n"] for row in rows) == results + 100
        for label, value in seconds.items():
            print(f"question to {results} results, {label}: {value:.2f} s")
        return seconds["warm"]


if __name__ == "__main__":
    sys.exit(0 if main(*(int(word) for word in sys.argv[1:])) < 1.0 else 1)
