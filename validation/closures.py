"""Closures fitted to eddies and tested on eddies and on jets: spectra, energies and fluxes, with what sampling does.

    python -m validation.closures [--quick] [--members 6] [--days 360] ...

The truth is two-layer flow on `--fine` points, seen on `--points`; a closure has the same flow on `--points`. Each
is fitted to trajectories of the eddy set-up and then run from other states, of the eddy and of the jet set-up. Beside
them stand the coarse flow without a closure (the null) and other runs of the truth (the floor). Numbers are the
difference of the means over runs from the truth's, in per cent of the truth's, and of spectra the root mean square
difference in decades, of which sampling alone makes something above zero: see the floor. All numbers are of waves up
to two thirds of the highest kept; what a run holds beyond is left out, and can be much of its variance. In brackets:
2.5 to 97.5 % of a bootstrap over pairs of runs with one start, for differences an interval. For spectra it is no more
than a spread: drawing again adds to a root mean square, so it lies too high. Full size as in Ross et al. (2023),
doi:10.1029/2022MS003258, is --points 64 --fine 256 --substeps 16 --spin 3600 --days 1800 --updates 6000: hours.
"""

import argparse
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
from gnomon.learners.closure import Closure
from gnomon.learners.closure_climate import log_spectra
from gnomon.learners.closure_terms import ClosureSimulator
from gnomon.numerics.closures import asked
from gnomon.numerics.plane_spectral import Plane, resized, ring_spectrum, times
from gnomon.worlds.field.two_layer import TwoLayer

SETUPS = ("eddy", "jet")
WAYS = ("none", "smagorinsky", "leith", "jansen_held", "inversion", "offline", "online")
NUMBERS = ("energy above", "energy below", "square of q1", "square of q2", "fed by shear", "zonal share")
LATE = 3  # statistics leave out the first third of every run
DRAWS = 2000


class Sample(NamedTuple):
    """Statistics of runs.

    Attributes:
        numbers: [run, number] time means, in the order of NUMBERS.
        spectra: [run, field, wave] of q1 and q2, time means.
    """

    numbers: np.ndarray
    spectra: np.ndarray


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

    numbers, rings = jax.lax.map(one, fields)
    return numbers.mean(0), rings.mean(0)


def statistics(coarse: TwoLayer, seen: np.ndarray, forcing: Forcing) -> Sample:
    """Of runs [run, time, field, y, x], every fourth day, without their first third."""
    late = jnp.asarray(seen[:, seen.shape[1] // LATE :: 4])
    each = [_statistics(coarse, run, forcing) for run in late]
    return Sample(np.stack([np.asarray(n) for n, _ in each]), np.stack([np.asarray(s) for _, s in each]))


def distances(found: Sample, wanted: Sample) -> np.ndarray:
    """[1 + number]: spectra in decades, then differences of the means in per cent."""
    gap = log_spectra(found.spectra) - log_spectra(wanted.spectra)
    mean = wanted.numbers.mean(0)
    return np.concatenate([[np.sqrt((gap**2).mean())], 100 * (found.numbers.mean(0) / mean - 1)])


def row(label: str, found: Sample, wanted: Sample, seconds: float | None) -> str:
    """One line of a table: distances, each with an interval (spectra: a spread); diverged runs are left out."""
    fine = np.isfinite(found.numbers).all(1) & (found.numbers[:, 0] < 100 * wanted.numbers[:, 0].max())
    lost, took = int((~fine).sum()), "" if seconds is None else f"{seconds:.0f} s"
    if fine.sum() < 2:
        return f"{label:12s} {took:>6s}   {lost} of {len(fine)} runs diverged"
    kept = Sample(found.numbers[fine], found.spectra[fine])
    rng = np.random.default_rng(0)
    beside = Sample(wanted.numbers[fine], wanted.spectra[fine])
    picks = rng.integers(0, fine.sum(), (DRAWS, fine.sum()))
    drawn = np.stack(
        [distances(*(Sample(s.numbers[p], s.spectra[p]) for s in (kept, beside))) for p in picks]
    )
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    value = distances(kept, wanted)
    cells = [f"{value[0]:5.2f} [{low[0]:.2f}, {high[0]:.2f}]"]
    cells += [f"{v:+5.0f} [{a:+.0f}, {b:+.0f}]" for v, a, b in zip(value[1:], low[1:], high[1:], strict=True)]
    note = f"   {lost} of {len(fine)} runs diverged" if lost else ""
    return f"{label:12s} {took:>6s} " + " ".join(f"{c:>19s}" for c in cells) + note


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
    samples = {s: statistics(coarse, seen[s], forcings[s]) for s in SETUPS}
    wanted = {s: Sample(*(x[told.members :] for x in samples[s])) for s in SETUPS}
    lines: dict[str, list[str]] = {}
    for setup in SETUPS:
        other = Sample(*(x[: told.members] for x in samples[setup]))
        lines[setup] = [row("floor", other, wanted[setup], None)]
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
            lines[setup].append(row(way, statistics(coarse, run, forcings[setup]), wanted[setup], seconds))
            print(f"  {setup}: {lines[setup][-1]}", flush=True)
    heads = " ".join(f"{h:>19s}" for h in ("decades, [spread]", *(f"{n}, %" for n in NUMBERS)))
    for setup in SETUPS:
        print(
            f"\n{setup}: {told.members} runs of {told.days} days on {told.points} points, truth on {told.fine}; "
            f"fitted to eddies\n{'closure':12s} {'fit':>6s} {heads}"
        )
        print("\n".join(lines[setup]))
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
    parser.add_argument("--quick", action="store_true", help="nothing but a proof that it runs")
    told = parser.parse_args()
    if told.quick:
        small = {"points": 12, "fine": 24, "substeps": 2, "members": 3, "days": 24, "spin": 20, "settle": 4}
        vars(told).update(small, updates=4, ensemble=3, iterations=1)
    return told


if __name__ == "__main__":
    main()
