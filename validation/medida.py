"""MEDIDA on Kuramoto-Sivashinsky: the terms missing in 24 wrong models, from exact and from noisy pairs of states.

    python -m validation.medida [--noise 0.01] [--sparse] [--quick] [--csv FILE]

Cases: Mojgani, Chattopadhyay and Hassanzadeh (2022), doi:10.1063/5.0091282, as their script selects them: the terms
u u_x, u_xx and u_xxxx of u_t + u u_x + u_xx + u_xxxx = 0 removed, halved and doubled, one and several at a time, and
terms u_xxx and u^2 u_x that do not belong. Errors are ||c - c_true|| / ||c_true|| over all terms of the library,
of the wrong model and of the corrected one. Every weight that was found stands with its standard deviation and with z,
its distance from the true one in such standard deviations; they take noise as white, so z beyond 2 is no surprise: they
are no error bars.

With --sparse, and then nothing else: five of the models from pairs that are seen without error at few points, the same
ones at both ends of the step, and interpolated first: by random Fourier features or by least squares on waves
(`numerics.fourier_features`). States, increments and library are then projected on the waves that have 30 times the
power of what the interpolation is expected to have wrong in them; how many these are, and the true error of the field,
stand in the heads. Points stand at random.

Not as published: a grid of 512 points for exact pairs and 256 for noisy ones (paper: 1024), the model stepped by the
scheme of the truth (paper: Crank-Nicolson and Adams-Bashforth), lengths of steps in the heads of the tables.
"""

import argparse
import csv
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.fourier_features import random_features, seen_at, told_waves, trigonometric
from gnomon.numerics.missing_terms import MissingTerms, missing_terms, observations, one_step
from gnomon.numerics.missing_terms_noisy import analysed, on_waves, projected
from gnomon.numerics.ring import RingEquation
from gnomon.spec.cards import Variable, WorldCard

LENGTH, STD = 100.0, 1.31
TERMS = ("u u_x", "u_xx", "u_xxxx", "u_xxx", "u^2 u_x")  # all on the left-hand side
TRUTH = (1.0, 1.0, 1.0, 0.0, 0.0)
# Way, pairs, step; `projected` also with as few pairs and as short a step as the analysis, so that the two compare.
NOISY = (("projected", 200, 0.01), ("projected", 5, 0.005), ("analysed", 5, 0.005), ("clean end", 5, 0.005))
SPARSE = ("KS 1", "KS 2", "KS 3", "u_xxx 2", "u^2u_x 2")
STATIONS = (64, 96, 128, 192)
CLEAR = 30.0  # times its expected error, the power of a wave that is looked at; as in `projected`
WAYS = ("random features", "least squares")


class Case(NamedTuple):
    """A wrong model: its coefficients of TERMS."""

    name: str
    model: tuple[float, ...]


CASES = (
    *(
        Case(f"KS {i}", (*c, 0.0, 0.0))
        for i, c in enumerate(
            (
                (0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0),
                (0.5, 1.0, 1.0), (1.0, 0.5, 1.0), (1.0, 1.0, 0.5), (2.0, 2.0, 2.0), (0.0, 0.5, 2.0), (0.5, 0.0, 1.0),
            ),
            start=1,
        )
    ),
    *(Case(f"u_xxx {i}", (1.0, 1.0, 1.0, c, 0.0)) for i, c in ((1, 0.1), (2, 0.5), (3, 1.0))),
    *(
        Case(f"u_xxx 2{i}", (*c, 0.5, 0.0))
        for i, c in ((1, (0.0, 1.0, 1.0)), (2, (1.0, 0.0, 1.0)), (3, (1.0, 1.0, 0.0)))
    ),
    *(Case(f"u^2u_x {i}", (1.0, 1.0, 1.0, 0.0, c)) for i, c in ((1, 1.5), (2, 0.15), (3, 0.015))),
    *(
        Case(f"u^2u_x 2{i}", (*c, 0.0, 0.15))
        for i, c in ((1, (0.0, 1.0, 1.0)), (2, (1.0, 0.0, 1.0)), (3, (1.0, 1.0, 0.0)))
    ),
)  # fmt: skip


class Term(NamedTuple):
    """A term of the missing part.

    Attributes:
        label: of it.
        wanted: its true weight: the model's coefficient less the truth's, both on the left-hand side.
        weight: as found; None where it was missed.
        error: its standard deviation.
        z: distance of both in such errors.
    """

    label: str
    wanted: float
    weight: float | None
    error: float | None
    z: float | None


class PlainRing(AbstractWorld[Array]):
    """A `RingEquation` seen at every point, without knobs: truth and models of the paper."""

    card: WorldCard = eqx.field(static=True)
    equation: RingEquation

    def __init__(self, coefficients: tuple[float, ...], *, grid: int, dt: float):
        """The equation u_t + c_0 u u_x + c_1 u_xx + c_2 u_xxxx + c_3 u_xxx + c_4 u^2 u_x = 0."""
        a, b, c, d, e = coefficients
        linear = {2: -b, 4: -c, 3: -d} if d else {2: -b, 4: -c}
        advection = {1: a, 2: e} if e else {1: a}
        self.equation = RingEquation(linear=linear, advection=advection, length=LENGTH, grid=grid, h=dt)
        field = Variable(name="u", units="1", shape=(grid,), dims=("x",), scale=STD, obs_error=0.01 * STD)
        self.card = WorldCard(
            name="plain_ring", rung="field", summary="an equation on a ring", dt=dt, time_units="1",
            variables=(field,), knobs=(), timescale=10.0, spinup=200.0, exponents=1, references=(), length=LENGTH,
        )  # fmt: skip

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Random phases on the waves that grow."""
        waves = jax.random.normal(key, (2, 15))
        v = jnp.zeros(self.equation.grid // 2 + 1, complex)
        v = v.at[1:16].set(0.1 * self.equation.grid * (waves[0] + 1j * waves[1]))
        return jnp.fft.irfft(v, self.equation.grid)

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One step of the scheme."""
        return jnp.fft.irfft(self.equation.steps(jnp.fft.rfft(state), 1), self.equation.grid)

    def observe(self, state: Array) -> Obs:
        """The field."""
        return {"u": state}

    def lift(self, obs: Obs, background: Array) -> Array:
        """The observation is the state."""
        return obs["u"]


def pairs(samples: int, grid: int, every: float = 10.0) -> Array:
    """States of the truth on the attractor, ten time units apart (the paper's distance)."""
    world = PlainRing(TRUTH, grid=grid, dt=0.05)
    steps = round(every / world.card.dt)

    @jax.jit
    def run(u: Array) -> Array:
        v = world.equation.steps(jnp.fft.rfft(u), 20 * steps)

        def sample(v: Array, _: None) -> tuple[Array, Array]:
            v = world.equation.steps(v, steps)
            return v, v

        return jnp.fft.irfft(jax.lax.scan(sample, v, None, length=samples)[1], grid)

    return run(world.init(key=jax.random.key(0)))


def corrected(case: Case, found: MissingTerms) -> dict[str, float]:
    """Coefficients of the corrected model on the left-hand side, all terms that it has."""
    out = {t: c for t, c in zip(TERMS, case.model, strict=True)}
    for label, weight in found.weights.items():
        out[label] = out.get(label, 0.0) - weight
    return out


def distance(coefficients: dict[str, float]) -> float:
    """||c - c_true|| / ||c_true||, per cent."""
    true = dict(zip(TERMS, TRUTH, strict=True))
    gap = [coefficients.get(t, 0.0) - true.get(t, 0.0) for t in {*coefficients, *true}]
    return 100 * float(np.linalg.norm(gap) / np.linalg.norm(TRUTH))


def exact_results(samples: int, grid: int, dt: float) -> dict[str, MissingTerms]:
    """The discovery for each case from exact pairs."""
    states, truth = pairs(samples, grid), PlainRing(TRUTH, grid=grid, dt=dt)
    return {c.name: missing_terms(truth, PlainRing(c.model, grid=grid, dt=dt), states)[0] for c in CASES}


def noisy_results(
    noise: float, samples: int, grid: int, *, dt: float, way: str, members: int = 2560
) -> dict[str, MissingTerms]:
    """The discovery for each case from noisy pairs: "projected", "analysed", or "clean end" as the published script."""
    states, truth = pairs(samples, grid), PlainRing(TRUTH, grid=grid, dt=dt)
    rng = np.random.default_rng(1)
    error = noise * STD
    before = np.asarray(states) + error * rng.standard_normal(states.shape)
    end = observations(truth, one_step(truth, states))["u"]
    after = end if way == "clean end" else end + error * rng.standard_normal(states.shape)
    out = {}
    for case in CASES:
        model = PlainRing(case.model, grid=grid, dt=dt)
        if way == "projected":
            out[case.name] = projected(model, before, after, error=error)
        else:
            out[case.name] = analysed(
                model, before, after, error=error, members=members, spread=0.25, rng=np.random.default_rng(2)
            )
    return out


def sparse_results(
    states: Array, stations: int, *, dt: float, way: str, cases: tuple[str, ...] = SPARSE
) -> tuple[dict[str, MissingTerms], str]:
    """The discovery from pairs seen at few points, and in words how well the interpolation did."""
    grid = states.shape[-1]
    truth = PlainRing(TRUTH, grid=grid, dt=dt)
    fields = [np.asarray(states), observations(truth, one_step(truth, states))["u"]]
    rng = np.random.default_rng(3)
    points = np.sort(rng.uniform(0, LENGTH, stations))
    places = LENGTH / grid * np.arange(grid)
    seen = [seen_at(x, points, LENGTH) for x in fields]
    if way == WAYS[0]:
        found = random_features(points, seen[0], places, LENGTH, rng=rng)
    else:
        found = trigonometric(points, seen[0], places, LENGTH)
    before, after = (found(x) for x in seen)  # one map for both: what it has wrong in both cancels
    clear = told_waves(found, points, before, LENGTH) >= CLEAR
    clear[0] = False
    told = f"u off by {_off(before, fields[0]):.2g}, {clear.sum()} waves clear"
    if not clear.any():
        return {}, told
    models = {c.name: PlainRing(c.model, grid=grid, dt=dt) for c in CASES if c.name in cases}
    return {name: on_waves(model, before, after, clear) for name, model in models.items()}, told


def _off(field: np.ndarray, true: np.ndarray) -> float:
    """Root mean square error over size."""
    return float(np.sqrt(((field - true) ** 2).sum() / (true**2).sum()))


def terms_of(case: Case, found: MissingTerms) -> list[Term]:
    """Every term that is lacking or was found, in the order of the library of truth and model."""
    model, true = (dict(zip(TERMS, c, strict=True)) for c in (case.model, TRUTH))
    rows = []
    for label in dict.fromkeys((*TERMS, *found.weights)):
        wanted = model.get(label, 0.0) - true.get(label, 0.0)
        weight, error = found.weights.get(label), found.errors.get(label)
        if weight is None and wanted == 0:
            continue
        z = None if weight is None or not error else (weight - wanted) / error
        rows.append(Term(label, wanted, weight, error, z))
    return rows


def told_of(term: Term) -> str:
    """In words."""
    if term.weight is None:
        return f"{term.label} missed"
    z = "" if term.z is None else f", z {term.z:+.1f}"
    return f"{term.weight:+.4g}({term.error:.1g}{z}) {term.label}"


def show(head: str, results: dict[str, MissingTerms]) -> list[dict[str, str | float]]:
    """One table: the model, both distances and what was found; and its rows for a file."""
    print(f"\n{head}")
    print(
        f"{'case':10s} {'model':>24s} {'error %':>8s} {'corrected %':>12s} {'unexpl.':>8s}  found (error, z)"
    )
    rows: list[dict[str, str | float]] = []
    for case in (c for c in CASES if c.name in results):
        found = results[case.name]
        before, after = distance(dict(zip(TERMS, case.model, strict=True))), distance(corrected(case, found))
        terms = terms_of(case, found)
        model = ",".join(f"{v:g}" for v in case.model)
        print(
            f"{case.name:10s} {model:>24s} {before:8.2f} {after:12.4f} {found.unexplained:8.4f}  "
            + "  ".join(told_of(t) for t in terms)
        )
        for t in terms:
            numbers = {"wanted": t.wanted, "weight": t.weight, "error": t.error, "z": t.z}
            shown = {k: "" if v is None else float(f"{v:.6g}") for k, v in numbers.items()}
            rows.append(
                {"table": head, "case": case.name, "model": model, "term": t.label, **shown,
                 "error_before": float(f"{before:.6g}"), "error_after": float(f"{after:.6g}"),
                 "unexplained": float(f"{found.unexplained:.6g}")}
            )  # fmt: skip
    worst = max(float(r["error_after"]) for r in rows)
    scores = [abs(float(r["z"])) for r in rows if r["z"] != ""]
    beyond = (
        f"; {sum(z > 2 for z in scores)} of {len(scores)} weights beyond two standard deviations"
        if scores
        else ""
    )
    print(f"largest error of a corrected model: {worst:.3g} %{beyond}")
    return rows


def sparse_tables(*, quick: bool) -> list[dict[str, str | float]]:
    """Every number of points, both ways."""
    states = pairs(20, 256)
    stations, cases = (STATIONS[1::2], SPARSE[1:2]) if quick else (STATIONS, SPARSE)
    rows = []
    for number in stations:
        for way in WAYS:
            found, told = sparse_results(states, number, dt=0.005, way=way, cases=cases)
            head = f"{number} points, {way}: {told}"
            if found:
                rows += show(head, found)
            else:
                print(f"\n{head}: nothing can be learned")
    return rows


def write(path: Path, rows: list[dict[str, str | float]]) -> None:
    """All tables in one file."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--noise", type=float, default=0.01, help="standard deviation of the error over that of u"
    )
    parser.add_argument("--quick", action="store_true", help="exact pairs alone, on 256 points")
    parser.add_argument("--sparse", action="store_true", help="only pairs seen at few points")
    parser.add_argument("--csv", type=Path, help="file for the tables")
    told = parser.parse_args()
    rows = []
    with jax.enable_x64(True):
        if told.sparse:
            rows = sparse_tables(quick=told.quick)
            if told.csv:
                write(told.csv, rows)
            return
        exact = (10, 256, 0.001) if told.quick else (10, 512, 0.001)
        rows += show("exact pairs: {} samples, {} points, step {:g}".format(*exact), exact_results(*exact))
        for way, samples, dt in () if told.quick else NOISY:
            head = f"noise {told.noise:g}, {way}: {samples} samples, 256 points, step {dt:g}"
            rows += show(head, noisy_results(told.noise, samples, 256, dt=dt, way=way))
            if told.csv:  # after every table: the next one takes long
                write(told.csv, rows)
    if told.csv:
        write(told.csv, rows)


if __name__ == "__main__":
    main()
