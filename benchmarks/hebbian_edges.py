"""Do the edges of the spectrum lie where theory says? Outer edge and voids against sampled matrices of growing size.

    python benchmarks/hebbian_edges.py                                   # about ten minutes of one core
    python benchmarks/hebbian_edges.py --sizes 500 1000 --draws 10       # about a minute
    python benchmarks/hebbian_edges.py --write docs/edge-of-chaos        # also saves the table

For every parameter set, size and draw: the largest modulus, real and imaginary part of the eigenvalues, and their least
distance from the centre of each void that theory predicts (the three widest). At finite size an edge is smeared over
about N^-1/2, with logarithms in its extremes that make a fit in N^-1/2 miss by a percent even for Ginibre matrices (it
is printed in the last column). So from each mean over draws is taken the shift that the universal profile of such an
edge predicts (`gnomon.numerics.hebbian_extremes`, no free parameter), and what remains is extrapolated linearly in 1/N,
with standard errors over draws. Smaller sizes get more draws, up to eight times. A matrix with more than
`--patterns` patterns is left out for its cost, and that is seen in the column of sizes.
"""

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from gnomon.numerics.hebbian_edges import Edges, spectral_edges
from gnomon.numerics.hebbian_extremes import edge_density, expected_extreme
from gnomon.numerics.hebbian_sample import eigenvalues, random_patterns

SETS: tuple[tuple[tuple[float, ...], float], ...] = (
    ((0, 1), 0.1), ((0, 1), 0.5), ((1, 0.5, 0.5), 0.3), ((0.5,) * 6, 0.2), ((0, 0.5, 0.5, 0.5), 1.0),
    ((0, 1, 0.5, 0.5), 0.1), ((0, 1, 1), 0.2), ((0, 1, 1, 1, 1), 0.1), ((0, 1, 0.3), 0.3), ((0, 0.6, 0.2, 1), 0.1),
    ((0, 0, 1, 0, 0, 0.6), 0.1), ((0.5, 0.2, 0, 1), 0.1), ((0, 0.2, 0, 0, 1), 0.2), ((1, 0.5, 0.5, 0.5), 0.15),
)  # fmt: skip
MOST_VOIDS = 3
COLUMNS = (
    "weights", "load", "quantity", "theory", "draws", "sizes", "quantile_10", "median", "quantile_90", "mean",
    "expected", "extrapolated", "error", "deviation_percent", "error_percent", "errors_off",
    "deviation_percent_root_n",
)  # fmt: skip


def main() -> None:
    """Print the table; the last lines say how far theory and matrices are apart."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 1000, 2000, 4000], help="values of N")
    parser.add_argument("--draws", type=int, default=10, help="matrices of the largest size")
    parser.add_argument("--patterns", type=int, default=2000, help="largest matrix that is diagonalised")
    parser.add_argument("--sets", type=int, default=len(SETS), help="how many parameter sets, from the first")
    parser.add_argument("--write", type=Path, help="a folder for hebbian-edges.csv")
    options = parser.parse_args()
    rows, start = [], time.perf_counter()
    print(
        f"{'weights, load':28}{'quantity':>18}{'theory':>8}{'at N':>6}{'10 %':>8}{'median':>8}{'90 %':>8}{'mean':>8}"
        f"{'expected':>9}{'off %':>8}{'+-':>6}{'errors':>8}{'root N: %':>11}"
    )
    for number, (weights, load) in enumerate(SETS[: options.sets]):
        for row in compared(weights, load, options, number):
            rows.append(row)
            numbers = "".join(
                f"{row[k]:8.4f}" for k in ("quantile_10", "median", "quantile_90", "mean", "expected")
            )
            print(
                f"{row['weights'] + ', ' + str(load):28}{row['quantity']:>18}{row['theory']:8.4f}"
                f"{row['sizes'].split()[-1]:>6}{numbers} {row['deviation_percent']:8.2f}{row['error_percent']:6.2f}"
                f"{row['errors_off']:8.1f}{row['deviation_percent_root_n']:11.2f}",
                flush=True,
            )
    print("\n".join(summary(rows)))
    print(f"{time.perf_counter() - start:.0f} s")
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        with open(options.write / "hebbian-edges.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(
                {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in r.items()} for r in rows
            )


def compared(
    weights: tuple[float, ...], load: float, options: argparse.Namespace, number: int
) -> list[dict[str, object]]:
    """One row for each quantity of one parameter set."""
    edges = spectral_edges(weights, load, smallest=0.05)
    expected = expectations(edges)
    sizes = [n for n in options.sizes if min(round(load * n), n) <= options.patterns]
    found = []
    for n in sizes:
        rngs = [np.random.default_rng([number, n, k]) for k in range(options.draws * min(8, sizes[-1] // n))]
        drawn = (eigenvalues(weights, random_patterns(rng, round(load * n), n)) for rng in rngs)
        found.append(np.asarray([measured(values, edges) for values in drawn]))
    shifts = finite_size(weights, load, edges, sizes)
    rows = []
    for j, (name, theory) in enumerate(expected.items()):
        drawn = [x[:, j] for x in found]
        value, error = extrapolated(sizes, [x - s for x, s in zip(drawn, shifts[:, j], strict=True)], 1.0)
        plain = extrapolated(sizes, drawn, 0.5)[0]
        low, middle, high = np.quantile(drawn[-1], [0.1, 0.5, 0.9]).tolist()
        rows.append({
            "weights": "(" + " ".join(f"{c:g}" for c in weights) + ")", "load": load, "quantity": name,
            "theory": theory, "draws": options.draws, "sizes": " ".join(map(str, sizes)), "quantile_10": low,
            "median": middle, "quantile_90": high, "mean": float(drawn[-1].mean()),
            "expected": theory + float(shifts[-1, j]), "extrapolated": value, "error": error,
            "deviation_percent": 100 * (value / theory - 1), "error_percent": 100 * error / theory,
            "errors_off": (value - theory) / error, "deviation_percent_root_n": 100 * (plain / theory - 1),
        })  # fmt: skip
    return rows


def finite_size(weights: tuple[float, ...], load: float, edges: Edges, sizes: list[int]) -> np.ndarray:
    """[size, quantity] by how much the mean extreme of a matrix should differ from the edge."""
    thin = slice(None, None, max(1, len(edges.outer) // 600))
    outer, rho = edges.outer[thin], edge_density(weights, load, edges.outer_w[thin])
    reaches = ((np.abs, True), (np.real, True), (np.imag, False))
    rows = []
    for n in sizes:
        row = [
            expected_extreme(outer, rho, n, reach, outward=1, pairs=pairs) - float(reach(edges.outer).max())
            for reach, pairs in reaches
        ]
        for void in edges.voids[:MOST_VOIDS]:
            inner, within = void.edge[thin], edge_density(weights, load, void.edge_w[thin])
            least = expected_extreme(
                inner,
                within,
                n,
                lambda z, c=void.centre: -np.abs(z - c),
                outward=-1,
                pairs=abs(void.centre.imag) < 1e-9,
            )
            row.append(-least - void.radius)
        rows.append(row)
    return np.asarray(rows)


def expectations(edges: Edges) -> dict[str, float]:
    """What theory says of each quantity, by name."""
    found = {"max |z|": edges.max_abs, "max Re z": edges.max_re, "max Im z": edges.max_im}
    for void in edges.voids[:MOST_VOIDS]:
        found[f"void {void.centre.real:.2f}{void.centre.imag:+.2f}i"] = void.radius
    return found


def measured(values: np.ndarray, edges: Edges) -> list[float]:
    """The same of the eigenvalues of one matrix; for a void the least distance from its centre."""
    outer = [np.abs(values).max(), values.real.max(), values.imag.max()]
    return [float(x) for x in outer + [np.abs(values - v.centre).min() for v in edges.voids[:MOST_VOIDS]]]


def extrapolated(sizes: list[int], found: list[np.ndarray], power: float) -> tuple[float, float]:
    """Intercept at N without end of a weighted line in N^-power through the means over draws, and its error."""
    mean = np.asarray([x.mean() for x in found])
    error = np.asarray([x.std(ddof=1) / np.sqrt(x.size) for x in found])
    if len(sizes) < 2:
        return float(mean[-1]), float(error[-1])
    design = np.stack([np.ones(len(sizes)), np.asarray(sizes, float) ** -power], 1) / error[:, None]
    covariance = np.linalg.inv(design.T @ design)
    line = covariance @ design.T @ (mean / error)
    return float(line[0]), float(np.sqrt(covariance[0, 0]))


def summary(rows: list[dict[str, object]]) -> list[str]:
    """How far apart theory and extrapolation are, outer edges and voids apart."""
    lines = []
    for title, chosen in (
        ("outer edges", [r for r in rows if not str(r["quantity"]).startswith("void")]),
        ("voids", [r for r in rows if str(r["quantity"]).startswith("void")]),
    ):
        if chosen:
            off = np.asarray([abs(float(str(r["deviation_percent"]))) for r in chosen])
            errors = np.asarray([abs(float(str(r["errors_off"]))) for r in chosen])
            lines.append(
                f"{title}: {len(chosen)} quantities; |off| median {np.median(off):.2f} %, largest {off.max():.2f} %; "
                f"{(errors <= 2).sum()} within 2 standard errors, {(errors <= 3).sum()} within 3"
            )
    return lines


if __name__ == "__main__":
    main()
