"""MEDIDA on two-layer quasi-geostrophic flow: terms missing in wrong models, from exact pairs of states.

    python -m validation.medida_two_layer [--quick] [--csv FILE]

After Mojgani, Chattopadhyay and Hassanzadeh (2023), doi:10.48550/arXiv.2309.13211, whose cases are not published as a
table; these are ours. The truth is the world `two_layer` with a viscosity and a hyperviscosity of its own, which the
models have wrong as they have drag, beta and shear. A model is stepped once from the truth's states; what its error is
made of is found among eight terms of each layer (`numerics.plane_terms`), both layers at once.

Weights are per day, in metres and days; each stands with the standard deviation of the relevance vector machine, which
takes noise as white, and with its standard error over samples (jackknife), which does not; z is the distance from the
true weight in either. Two cases must fail: a deformation radius that is wrong is no sum of these terms, and a perfect
model lacks nothing.

Not as published: 64 points a side (32 with --quick), a step of the truth's own scheme, every point seen, no noise.
"""

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing, forcing_of
from gnomon.numerics.increments import columns_along, rows_of, seen_of, stepped
from gnomon.numerics.integrators import Etdrk4
from gnomon.numerics.jackknife import pseudo_values, standard_error
from gnomon.numerics.term_search import search_terms, squares, squares_left, weights_of, weights_without_each
from gnomon.numerics.world_library import Term, library_of, terms_of
from gnomon.worlds.field.two_layer import CUT, DAY, FILTERED, LENGTH, SETUPS, STRENGTH, TwoLayer

STEP = 0.005  # days
VISCOSITY, HYPERVISCOSITY = 50.0, 5e9  # m2 s-1 and m4 s-1
LEAST, SIGMAS = 0.03, 4.0  # as everywhere: share of the error, error bars from zero
NOTHING = 1e-10  # scales in a step: below it a model has made no error


class Case(NamedTuple):
    """A wrong model: factors by which it mistakes the truth's numbers, and whether the library can hold its error."""

    name: str
    factors: dict[str, float]
    held: bool = True


CASES = (
    Case("no drag", {"friction": 0.0}),
    Case("drag +50 %", {"friction": 1.5}),
    Case("no beta", {"beta": 0.0}),
    Case("beta -10 %", {"beta": 0.9}),
    Case("shear -10 %", {"shear": 0.9}),
    Case("no viscosity", {"viscosity": 0.0}),
    Case("viscosity x2", {"viscosity": 2.0}),
    Case("no hyperviscosity", {"hyperviscosity": 0.0}),
    Case("the world's twin", {"friction": 1.5, "beta": 0.9}),
    Case("four wrong", {"friction": 0.5, "beta": 0.8, "shear": 0.9, "viscosity": 2.0}),
    Case("radius +10 %", {"radius": 1.1}, held=False),
    Case("perfect", {}, held=False),
)


class Row(NamedTuple):
    """One term of one case; numbers are None where it was missed.

    Attributes:
        wanted: the true weight.
        error: of the relevance vector machine.
        spread: standard error over samples.
        gone: share of the squared one-step error that all terms found take away.
    """

    case: str
    term: str
    wanted: float
    weight: float | None
    error: float | None
    spread: float | None
    gone: float

    def in_errors(self, error: float | None) -> float | None:
        """Distance from the true weight."""
        return None if self.weight is None or not error else (self.weight - self.wanted) / error


def flow(points: int, factors: dict[str, float], *, dt: float, substeps: int = 1) -> TwoLayer:
    """The world with viscosities, some of its numbers mistaken."""
    knobs = {k: v for k, v in factors.items() if k in SETUPS["eddy"]}
    world = TwoLayer(points=points, dt=dt, substeps=substeps, wrong=knobs)
    square = np.asarray(world.plane.square, np.float64)
    angle = np.sqrt(square) * LENGTH / points
    lost = STRENGTH / FILTERED * np.maximum(angle - CUT, 0.0) ** 4  # the world's own filter
    lost = lost + VISCOSITY * factors.get("viscosity", 1.0) * square
    lost = lost + HYPERVISCOSITY * factors.get("hyperviscosity", 1.0) * square**2
    return eqx.tree_at(lambda w: w.scheme, world, Etdrk4(-np.stack([lost, lost]), world.inner_step()))


def wanted_of(case: Case) -> dict[Term, float]:
    """What the model lacks, per day: truth less model."""
    eddy = SETUPS["eddy"] | {"viscosity": VISCOSITY, "hyperviscosity": HYPERVISCOSITY}
    gap = {k: DAY * v * (1 - case.factors.get(k, 1.0)) for k, v in eddy.items()}
    upper = 1 / eddy["radius"] ** 2 / (1 + eddy["ratio"])
    lower = eddy["ratio"] * upper
    out = {
        Term("q1", "psi1_x"): -gap["beta"] - upper * gap["shear"],
        Term("q1", "q1_x"): -gap["shear"],
        Term("q2", "psi2_x"): -gap["beta"] + lower * gap["shear"],
        Term("q2", "Lap psi2"): -gap["friction"],
    }
    for i in ("1", "2"):
        out[Term(f"q{i}", f"Lap q{i}")] = gap["viscosity"]
        out[Term(f"q{i}", f"Lap^2 q{i}")] = -gap["hyperviscosity"]
    return {k: v for k, v in out.items() if v}


def states_of(points: int, trajectories: int, samples: int, *, spinup: int, apart: int) -> jax.Array:
    """[sample, layer, y, x] states of the truth, `apart` days from each other."""
    world = flow(points, {}, dt=1.0, substeps=max(2, points // 16))
    forcing = forcing_of(world.card, (), trajectories)

    @eqx.filter_jit
    def run(states: jax.Array, forcing: Forcing, days: int) -> jax.Array:
        def day(_: int, s: jax.Array) -> jax.Array:
            return jax.vmap(lambda x, f: world.step(x, f, time=0.0, key=jax.random.key(0)))(s, forcing)

        return jax.lax.fori_loop(0, days, day, states)

    states = jax.vmap(lambda k: world.init(key=k))(jax.random.split(jax.random.key(0), trajectories))
    found = [run(states, forcing, spinup)]
    for _ in range(samples - 1):
        found.append(run(found[-1], forcing, apart))
    return jnp.concatenate(found)


def rows_for(case: Case, points: int, states: jax.Array) -> list[Row]:
    """The discovery of one case."""
    truth, model = flow(points, {}, dt=STEP), flow(points, case.factors, dt=STEP)
    forcing = forcing_of(truth.card, (), len(states))
    ends = [seen_of(w, stepped(w, states, forcing)) for w in (truth, model)]
    error = {k: (ends[0][k] - ends[1][k]) / STEP for k in ends[0]}
    wanted = wanted_of(case)
    if all(np.abs(error[v.name]).max() * STEP <= NOTHING * v.scale for v in truth.card.variables):
        return [Row(case.name, "", 0.0, None, None, None, 0.0)]
    columns = columns_along(model, truth, (states, states), (forcing, forcing), 1, library_of(truth.card))
    table = rows_of(truth.card, columns, error)
    triangles = np.asarray(np.linalg.qr(table, mode="r"))
    found = search_terms(triangles, table.shape[0] * table.shape[1], least=LEAST, sigmas=SIGMAS)
    names, terms = terms_of(truth.card), tuple(int(i) for i in np.flatnonzero(found.kept))
    weights = weights_of(triangles, terms)
    gone = 1 - squares_left(triangles, terms, weights).sum() / squares(triangles).sum()
    without = weights_without_each(triangles, terms)
    spread = {
        t: standard_error(pseudo_values(w, without[:, j]))
        for j, (t, w) in enumerate(zip(terms, weights, strict=True))
    }
    rows = []
    for i, name in enumerate(names):
        if not found.kept[i] and name not in wanted:
            continue
        weight, error_ = (float(found.weights[i]), float(found.errors[i])) if i in spread else (None, None)
        label = f"{name.variable}: {name.label}"
        rows.append(Row(case.name, label, wanted.get(name, 0.0), weight, error_, spread.get(i), float(gone)))
    return rows or [Row(case.name, "", 0.0, None, None, None, float(gone))]


def show(head: str, rows: list[Row]) -> None:
    """All cases as a table."""
    print(f"\n{head}")
    print(
        f"{'case':20s} {'term':16s} {'wanted':>11s} {'found':>11s} {'posterior':>10s} {'z':>7s} {'samples':>10s} "
        f"{'z':>7s} {'gone %':>8s}"
    )
    for r in rows:
        if not r.term:
            print(f"{r.case:20s} nothing found")
            continue
        cells = (_cell(x, form) for x, form in (
            (r.weight, "11.4g"), (r.error, "10.1g"), (r.in_errors(r.error), "7.1f"), (r.spread, "10.1g"),
            (r.in_errors(r.spread), "7.1f"),
        ))  # fmt: skip
        print(f"{r.case:20s} {r.term:16s} {r.wanted:11.4g} {' '.join(cells)} {100 * r.gone:8.2f}")
    within = [r for r in rows if r.case in {c.name for c in CASES if c.held}]
    held = [r for r in within if r.weight is not None]
    missed, extra = sum(r.weight is None for r in within), sum(not r.wanted for r in held)
    off = max((abs(r.weight / r.wanted - 1) for r in held if r.weight and r.wanted), default=0.0)
    print(f"{missed} terms missed, {extra} too many; largest relative error of a weight {off:.1g}")
    for what, scores in (
        ("posterior deviations", [r.in_errors(r.error) for r in held]),
        ("standard errors over samples", [r.in_errors(r.spread) for r in held]),
    ):
        told = [abs(z) for z in scores if z is not None]
        print(f"{sum(z > 2 for z in told)} of {len(told)} weights beyond two {what}")


def _cell(x: float | None, form: str) -> str:
    return format(x, form) if x is not None else " " * int(form.split(".")[0])


def write(path: Path, head: str, rows: list[Row]) -> None:
    """The table in a file."""
    with path.open("w", newline="") as file:
        columns = (
            "table", "case", "held", "term", "wanted", "weight", "error", "z", "spread", "z_spread", "gone",
        )  # fmt: skip
        writer = csv.writer(file)
        writer.writerow(columns)
        held = {c.name: c.held for c in CASES}
        for r in rows:
            numbers = (
                r.wanted, r.weight, r.error, r.in_errors(r.error), r.spread, r.in_errors(r.spread), r.gone
            )  # fmt: skip
            shown = ["" if x is None else f"{x:.12g}" for x in numbers]  # some are right to eight digits
            writer.writerow([head, r.case, int(held[r.case]), r.term, *shown])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="32 points a side, fewer samples, four cases")
    parser.add_argument("--csv", type=Path, help="file for the table")
    told = parser.parse_args()
    points, days = (32, 120) if told.quick else (64, 360)
    trajectories, samples = (2, 2) if told.quick else (4, 2)
    cases = (CASES[1], CASES[4], *CASES[-2:]) if told.quick else CASES
    head = f"two layers, exact pairs: {trajectories * samples} samples, {points}^2 points, step {STEP:g} d"
    with jax.enable_x64(True):
        states = states_of(points, trajectories, samples, spinup=days, apart=60)
        rows = [r for case in cases for r in rows_for(case, points, states)]
    show(head, rows)
    if told.csv:
        write(told.csv, head, rows)


if __name__ == "__main__":
    main()
