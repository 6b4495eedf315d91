"""Closures fitted to eddies and tested on eddies and on jets: spectra, energies and fluxes, with what sampling does.

    python -m validation.closures [--quick] [--members 6] [--days 360] [--csv FILE] ...

The truth is two-layer flow on `--fine` points, seen on `--points`; a closure has the same flow on `--points`. Each
is fitted to trajectories of the eddy set-up and then run from other states, of the eddy and of the jet set-up. Beside
them stand the coarse flow without a closure (the null), other runs of the truth (the floor), and the last half of the
truth's own runs against their first half (drift): where that is not about nothing, the truth was not spun up. Each pair
of runs gives one number: of spectra the root mean square difference in decades, of which sampling alone makes something
above zero (see the floor), and of all else the difference from the truth's time mean, in per cent of its mean over
runs. They are of waves up to two thirds of the highest kept; what a run holds beyond is left out, and can be much of
its variance. "Days right" counts the days until the error over both fields and all observed waves passes 0.4 standard
deviations. In brackets: 95 % intervals, bootstrap-t over pairs of runs (with one start, but for the floor). Pairs of
which one run diverged are left out, and counted on each side. Full size as in Ross et al. (2023),
doi:10.1029/2022MS003258, is --points 64 --fine 256 --substeps 16 --spin 3600 --days 1800 --updates 6000: hours.
"""

import argparse
import csv
import hashlib
import time
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.world import add_error
from gnomon.inference.bootstrap import estimate
from gnomon.learners.closure import Closure
from gnomon.learners.closure_climate import log_spectra
from gnomon.learners.closure_terms import ClosureSimulator
from gnomon.numerics.closures import asked
from gnomon.numerics.plane_spectral import Plane, resized, ring_spectrum, times
from gnomon.spec.results import Estimate
from gnomon.worlds.field.two_layer import TwoLayer

SETUPS = ("eddy", "jet")
WAYS = ("none", "smagorinsky", "leith", "jansen_held", "inversion", "offline", "online")
NUMBERS = ("energy above", "energy below", "square of q1", "square of q2", "fed by shear", "zonal share")
COLUMNS = ("spectra", *NUMBERS, "days right")
LATE = 3  # statistics leave out the first third of every run
WRONG = 0.4  # standard deviations: a forecast with this error is no longer right


class Sample(NamedTuple):
    """Statistics of runs.

    Attributes:
        numbers: [run, number] time means, in the order of NUMBERS.
        spectra: [run, field, wave] of q1 and q2, time means.
        days: [run] for which the run was right; not a number where it forecast nothing.
    """

    numbers: np.ndarray
    spectra: np.ndarray
    days: np.ndarray


class Line(NamedTuple):
    """One line of a table.

    Attributes:
        label: of it.
        seconds: CPU time of the fit; None where nothing was fitted.
        cells: one for each of COLUMNS; empty where fewer than two pairs of runs are left.
        pairs: of runs.
        lost: of them diverged on the side that is judged.
        lost_truth: of them diverged on the truth's side.
    """

    label: str
    seconds: float | None
    cells: tuple[Estimate, ...]
    pairs: int
    lost: int
    lost_truth: int


def steady(world: TwoLayer, setup: str) -> Forcing:
    """The knobs of a set-up, for good."""
    knobs = TwoLayer(setup, points=12, substeps=4).card.knobs  # pyright: ignore[reportArgumentType]
    assert [k.name for k in knobs] == [k.name for k in world.card.knobs]
    values = {k.name: jnp.asarray([k.default]) for k in knobs}
    return Forcing({k: jnp.zeros(1) for k in values}, values)


@eqx.filter_jit
def course(subject: Any, starts: Array, forcing: Forcing, steps: int) -> tuple[Array, Array]:
    """Ends of runs, and what is seen of them, [run, time, field, y, x]; a world or a simulator."""
    move = subject.advance if isinstance(subject, ClosureSimulator) else subject.step

    def one(state: Array) -> tuple[Array, Array]:
        def step(state: Array, _: None) -> tuple[Array, Array]:
            state = move(state, forcing, time=0.0, key=jax.random.key(0))
            return state, jnp.stack(list(subject.observe(state).values()))

        return jax.lax.scan(step, state, None, length=steps)

    return jax.lax.map(one, starts)


@eqx.filter_jit
def settled(world: TwoLayer, states: Array, forcing: Forcing, steps: Array) -> Array:
    """States so many steps later."""

    def step(_: Any, state: Array) -> Array:
        return world.step(state, forcing, time=0.0, key=jax.random.key(0))

    return jax.lax.map(lambda s: jax.lax.fori_loop(0, steps, step, s), states)


def truth(world: TwoLayer, setup: str, told: argparse.Namespace, seed: int) -> np.ndarray:
    """[run, time, field, y, x] of the fine flow: spun up on the observed points, settled on the fine ones."""
    coarse = TwoLayer(setup, **coarse_args(world))  # pyright: ignore[reportArgumentType]
    forcing = steady(world, setup)
    keys = jax.random.split(jax.random.key(seed), 2 * told.members)
    spin = told.spin if setup == "eddy" else 4 * told.spin
    states = settled(coarse, jax.vmap(lambda k: coarse.init(key=k))(keys), forcing, jnp.asarray(spin))
    states = resized(states, world.plane.grid)
    states = settled(world, states, forcing, jnp.asarray(told.settle))
    return np.asarray(course(world, states, forcing, told.days)[1])


def kept_truth(world: TwoLayer, told: argparse.Namespace) -> dict[str, np.ndarray]:
    """The truth of every set-up, read where it was kept; a digest of its plan is added to the file's name."""
    plan = repr(
        [(k, vars(told)[k]) for k in ("points", "fine", "substeps", "members", "days", "spin", "settle")]
    )
    stem = Path(told.keep).stem
    file = (
        Path(told.keep).with_name(f"{stem}_{hashlib.sha256(plan.encode()).hexdigest()[:12]}.npz")
        if stem
        else None
    )
    if file and file.exists():
        with np.load(file) as kept:
            return {setup: kept[setup] for setup in SETUPS}
    seen = {setup: truth(world, setup, told, i) for i, setup in enumerate(SETUPS)}
    if file:
        np.savez(file, **seen)  # pyright: ignore[reportArgumentType]
    return seen


def coarse_args(world: TwoLayer) -> dict[str, Any]:
    """Arguments of the coarse twin, but for the set-up."""
    return {"points": world.points, **{k: v for k, v in world.card.imperfect.items() if k != "points"}}


def lesson(world: TwoLayer, seen: np.ndarray, seed: int) -> Data:
    """What a learner is given: trajectories with observation error, two thirds of them to fit."""
    names = [v.name for v in world.card.variables]
    obs = {name: jnp.asarray(seen[:, :, i]) for i, name in enumerate(names)}
    obs = {k: np.asarray(v) for k, v in add_error(world.card, obs, key=jax.random.key(seed)).items()}
    count, length = seen.shape[:2]
    values = {k.name: np.full((count, length), k.default) for k in world.card.knobs}
    fitted = max(1, 2 * count // 3)
    return Data(
        obs,
        values,
        np.arange(length) * world.card.dt,
        np.arange(fitted),
        np.arange(fitted, count),
        world.card,
    )


@eqx.filter_jit
def _statistics(coarse: TwoLayer, fields: Array, forcing: Forcing) -> tuple[Array, Array]:
    """Of one run [time, field, y, x], through the eyes of the coarse flow."""
    plane, knobs = coarse.plane, forcing.at(0.0)
    _, hold = coarse.held(knobs)
    points = Plane(fields.shape[-1], plane.length, fields.shape[-1] // 2 - 1)

    def one(field: Array) -> tuple[Array, Array]:
        spectrum = times(asked(plane), coarse.spectrum(resized(field, plane.grid)))
        flow = coarse.layers(spectrum, knobs)
        wind = -0.5 * plane.mean_product(flow.psi, plane.laplacian(flow.psi))
        zonal = -0.5 * plane.mean_product(flow.psi, plane.laplacian(flow.psi) * (plane.kx == 0))
        fed = knobs["shear"] * hold.lower * hold.upper * hold.stiffness
        fed = fed * plane.mean_product(flow.psi[0], plane.ddx(flow.psi[1]))
        squares = plane.mean_product(spectrum, spectrum)
        numbers = jnp.stack([*wind, *squares, fed, zonal[0] / wind[0]])
        return numbers, ring_spectrum(points, points.to_modes(field))

    return jax.lax.map(one, fields)


def statistics(
    coarse: TwoLayer, seen: np.ndarray, forcing: Forcing, days: np.ndarray | None = None
) -> tuple[Sample, Sample]:
    """Of runs [run, time, field, y, x], every fourth day, without their first third: its first and its last half."""
    late = jnp.asarray(seen[:, seen.shape[1] // LATE :: 4])
    each = [tuple(np.asarray(x) for x in _statistics(coarse, run, forcing)) for run in late]
    middle = late.shape[1] // 2
    days = np.full(len(seen), np.nan) if days is None else days
    return tuple(
        Sample(
            np.stack([n[half].mean(0) for n, _ in each]), np.stack([s[half].mean(0) for _, s in each]), days
        )
        for half in (slice(None, middle), slice(middle, 2 * middle))
    )  # pyright: ignore[reportReturnType]


def whole(halves: tuple[Sample, Sample]) -> Sample:
    """Both halves together; they are equally long."""
    first, last = halves
    return Sample((first.numbers + last.numbers) / 2, (first.spectra + last.spectra) / 2, first.days)


def some(sample: Sample, which: Any) -> Sample:
    """Some of the runs."""
    return Sample(*(x[which] for x in sample))


def days_right(run: np.ndarray, truth: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """[run] days before the error passes WRONG; both are [run, day, field, y, x]."""
    error = np.sqrt(np.mean(((run - truth) / scales[:, None, None]) ** 2, axis=(2, 3, 4)))
    wrong = ~(error <= WRONG)
    return np.where(wrong.any(1), wrong.argmax(1), wrong.shape[1]).astype(float)


def distances(found: Sample, wanted: Sample) -> np.ndarray:
    """[pair, column]: spectra in decades, differences in per cent of the truth's mean, days."""
    gap = [
        log_spectra(a[None]) - log_spectra(b[None])
        for a, b in zip(found.spectra, wanted.spectra, strict=True)
    ]
    spectra = np.sqrt(np.mean(np.square(gap), axis=1))
    moved = 100 * (found.numbers - wanted.numbers) / wanted.numbers.mean(0)
    return np.column_stack([spectra, moved, found.days])


def line(label: str, found: Sample, wanted: Sample, seconds: float | None = None) -> Line:
    """Distances of pairs of runs and their intervals; pairs of which one run diverged are left out."""
    right = np.isfinite(wanted.numbers).all(1)
    most = 100 * wanted.numbers[right, 0].max() if right.any() else np.inf
    alive = np.isfinite(found.numbers).all(1) & (found.numbers[:, 0] < most)
    fine, lost = alive & right, (int((~alive).sum()), int((~right).sum()))
    if fine.sum() < 2:
        return Line(label, seconds, (), len(fine), *lost)
    values = distances(some(found, fine), some(wanted, fine))
    return Line(label, seconds, tuple(estimate(v, seed=0) for v in values.T), len(fine), *lost)


def shown(told: Line) -> str:
    """In one line."""
    took = "" if told.seconds is None else f"{told.seconds:.0f} s"
    cells = []
    for name, e in zip(COLUMNS, told.cells, strict=False):
        form = {"spectra": "5.2f", "days right": "5.1f"}.get(name, "+5.0f")
        low, high = (format(x, form.lstrip("5")) if x is not None else "?" for x in (e.low, e.high))
        cells.append(f"{e.value:{form}} [{low}, {high}]" if e.value is not None else "")
    lost = (
        f"   diverged: {told.lost} of {told.pairs}, truth {told.lost_truth}"
        if told.lost + told.lost_truth
        else ""
    )
    return f"{told.label:12s} {took:>6s} " + " ".join(f"{c:>19s}" for c in cells) + lost


def write(path: Path, told: argparse.Namespace, tables: dict[str, list[Line]]) -> None:
    """One row for each set-up, closure and column, with the plan in every row."""
    plan = {k: vars(told)[k] for k in ("points", "fine", "members", "days", "updates")}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "setup",
                "closure",
                "column",
                "value",
                "low",
                "high",
                "pairs",
                "lost",
                "lost_truth",
                "seconds",
                *plan,
            ]
        )
        for setup, lines in tables.items():
            for one in lines:
                cells = one.cells or (Estimate(value=None),) * len(COLUMNS)
                for name, e in zip(COLUMNS, cells, strict=True):
                    numbers = ["" if x is None else f"{x:.6g}" for x in (e.value, e.low, e.high, one.seconds)]
                    writer.writerow(
                        [
                            setup,
                            one.label,
                            name,
                            *numbers[:3],
                            one.pairs,
                            one.lost,
                            one.lost_truth,
                            numbers[3],
                            *plan.values(),
                        ]
                    )


def learners(told: argparse.Namespace) -> dict[str, Closure]:
    """Every closure, with the effort that was asked for."""
    effort = {"updates": told.updates, "members": told.ensemble, "iterations": told.iterations, "courses": 2}
    networks = ("offline", "online")
    return {way: Closure(way=way, budget=1 if way in networks else 6, **effort) for way in told.ways}


def main() -> None:
    """Print one table a set-up."""
    told = _told()
    start = time.process_time()
    world = TwoLayer("eddy", points=told.points, fine=told.fine, substeps=told.substeps)
    coarse = TwoLayer("eddy", **coarse_args(world))
    seen = kept_truth(world, told)
    print(f"truth: {time.process_time() - start:.0f} s of CPU", flush=True)
    data = lesson(world, seen["eddy"][: told.members], 7)
    forcings = {setup: steady(world, setup) for setup in SETUPS}
    halves = {s: statistics(coarse, seen[s], forcings[s]) for s in SETUPS}
    wanted = {s: some(whole(halves[s]), slice(told.members, None)) for s in SETUPS}
    lines: dict[str, list[Line]] = {}
    for setup in SETUPS:
        other = some(whole(halves[setup]), slice(told.members))
        first, last = (some(half, slice(told.members, None)) for half in halves[setup])
        lines[setup] = [line("drift", last, first), line("floor", other, wanted[setup])]
    for way, learner in learners(told).items():
        begun = time.process_time()
        fit = learner.fit(data, prior=coarse, key=jax.random.key(11))
        seconds = time.process_time() - begun
        print(f"{way}: chosen {fit.log['chosen']}, validation {fit.log['validation']}", flush=True)
        for setup in SETUPS:
            first = {
                v.name: jnp.asarray(seen[setup][told.members :, 0, i])
                for i, v in enumerate(coarse.card.variables)
            }
            states = jax.vmap(lambda obs: coarse.lift(obs, coarse.init(key=jax.random.key(0))))(first)
            run = np.asarray(course(fit.simulator, states, forcings[setup], told.days)[1])
            own = TwoLayer(setup, points=12, substeps=4).card.variables  # pyright: ignore[reportArgumentType]
            days = days_right(
                run[:, :-1], seen[setup][told.members :, 1:], np.asarray([v.scale for v in own])
            )
            found = whole(statistics(coarse, run, forcings[setup], days))
            lines[setup].append(line(way, found, wanted[setup], seconds))
            print(f"  {setup}: {shown(lines[setup][-1])}", flush=True)
    heads = " ".join(f"{h:>19s}" for h in ("spectra, decades", *(f"{n}, %" for n in NUMBERS), "days right"))
    for setup in SETUPS:
        print(
            f"\n{setup}: {told.members} runs of {told.days} days on {told.points} points, truth on {told.fine}; "
            f"fitted to eddies\n{'closure':12s} {'fit':>6s} {heads}"
        )
        print("\n".join(shown(one) for one in lines[setup]))
    if told.csv:
        write(told.csv, told, lines)
    print(f"{time.process_time() - start:.0f} s of CPU in all")


def _told() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    numbers = {
        "points": (32, "observed along each side"), "fine": (64, "of the truth along each side"),
        "substeps": (4, "inner steps of the truth in a day"), "members": (6, "runs that are judged"),
        "days": (360, "of every run"), "spin": (720, "days of spin-up on the observed points, four times for jets"),
        "settle": (120, "days of spin-up on the fine points"), "updates": (400, "of a network's weights"),
        "ensemble": (8, "members of the inversion"), "iterations": (4, "of the inversion"),
    }  # fmt: skip
    for name, (value, meaning) in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"{meaning} ({value})")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS, help="closures to be tried")
    parser.add_argument("--keep", default="", help="file (.npz) that the truth is kept in and read from")
    parser.add_argument("--csv", type=Path, help="file for the tables")
    parser.add_argument("--quick", action="store_true", help="nothing but a proof that it runs")
    told = parser.parse_args()
    if told.quick:
        small = {"points": 12, "fine": 24, "substeps": 2, "members": 3, "days": 24, "spin": 20, "settle": 4}
        vars(told).update(small, updates=4, ensemble=3, iterations=1)
    return told


if __name__ == "__main__":
    main()
