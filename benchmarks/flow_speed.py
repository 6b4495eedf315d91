"""Flows: what one trajectory, the whole catalogue, ensembles and Lyapunov spectra cost, with the peers beside them.

The peers (dysts, diffrax, pynamicalsys) are measured where they are installed, alternately with ours in one process, so
that whatever else the machine does hits both. Every row has the median wall seconds and the median CPU seconds of both
and the ratio of each; on a busy machine only the ratio of CPU seconds means anything, and it does not see that ours
uses all cores where a peer uses one. dysts' whole catalogue takes ten minutes: unless --peers-full is given, 619 CPU
seconds are used, which were measured once (135 systems, its defaults).

    pip install dysts==0.95 diffrax pynamicalsys
    python benchmarks/flow_speed.py [--rounds 5] [--peers-full] [--only spectra]
"""

import argparse
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.ensembles import ensemble, fixed_steps
from gnomon.numerics.fast_exponents import ring, spectrum
from gnomon.numerics.lyapunov import kaplan_yorke
from gnomon.numerics.trajectories import trajectories
from gnomon.spec.catalogue import systems

jax.config.update("jax_platforms", "cpu")

DYSTS_CATALOGUE = 619.0  # CPU seconds of dysts 0.95's make_trajectory(1000) on all its 135 systems
POINTS, PERIODS = 1000, 10
LORENZ_START, LORENZ_END = (1.0, 1.0, 20.0), 15.0

Timing = tuple[float, float]  # wall and CPU seconds


def lorenz(u: Any) -> tuple[Any, ...]:
    """Lorenz's system of 1963 at the classical parameters."""
    x, y, z = u
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def lorenz96(u: Any) -> Any:
    """Lorenz's ring of 1996 at F = 8."""
    n = u.shape[0]
    p = ring(u, 2, 1)
    return (p[3:] - p[:n]) * p[1 : n + 1] - u + 8.0


def main() -> None:
    """Print the table and how cost grows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-full", action="store_true", help="dysts' whole catalogue too: ten minutes")
    parser.add_argument("--only", choices=list(PARTS), help="one part of the table")
    told = parser.parse_args()
    missing = [name for name in ("dysts", "diffrax", "pynamicalsys") if peer(name) is None]
    print(f"{os.cpu_count()} cores, jax {jax.__version__}; not installed: {', '.join(missing) or 'none'}")
    print(f"{'':44s}{'ours':>19s}{'peer':>19s}{'ratio':>16s}")
    print(f"{'':44s}{'wall s':>10s}{'CPU s':>9s}{'wall s':>10s}{'CPU s':>9s}{'wall':>8s}{'CPU':>8s}")
    for name in [told.only] if told.only else PARTS:
        with jax.enable_x64(True):
            PARTS[name](told)


def peer(name: str) -> Any:
    """A module, or nothing where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def timed(run: Callable[[], Any]) -> Timing:
    """Wall and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(run())
    return time.perf_counter() - wall, time.process_time() - cpu


def race(rounds: int, ours: Callable[[], Any], *others: Callable[[], Any] | None) -> list[Timing | None]:
    """Medians of interleaved calls; the first of each, which compiles, is not counted."""
    runs = [ours, *others]
    for run in runs:
        if run is not None:
            run()
    found = [[timed(run) if run is not None else None for run in runs] for _ in range(rounds)]
    columns = zip(*found, strict=True)
    return [
        None
        if column[0] is None
        else (statistics.median(t[0] for t in column), statistics.median(t[1] for t in column))
        for column in columns
    ]


def row(text: str, own: Timing | None, other: Timing | None = None) -> None:
    """One line of the table."""
    cells = [f"{own[0]:10.4f}{own[1]:9.4f}" if own else " " * 19]
    if own and other:
        cells += [
            f"{other[0]:10.3f}{other[1]:9.3f}",
            f"{other[0] / own[0]:8.1f}{other[1] / max(own[1], 1e-9):8.1f}",
        ]
    print(f"{text:44s}{''.join(cells)}", flush=True)


def one_trajectory(told: argparse.Namespace) -> None:
    """Lorenz, 1,000 points over T = 15 at 1e-9."""
    at = np.linspace(0, LORENZ_END, POINTS)
    default = strict = None
    if peer("dysts") is not None:
        model = peer("dysts.flows").Lorenz()
        default = lambda: model.make_trajectory(POINTS)  # noqa: E731
        strict = lambda: model.make_trajectory(POINTS, method="DOP853", rtol=1e-9, atol=1e-9)  # noqa: E731

    def ours(compiled: bool) -> Callable[[], Any]:
        return lambda: trajectories([lorenz], [LORENZ_START], [at], compiled=compiled)[0].states

    fast, plain, other = race(told.rounds, ours(True), ours(False), strict)
    row("one trajectory, compiled | dysts DOP853 1e-9", fast, other)
    row("one trajectory, plain Python | the same", plain, other)
    if default is not None:
        radau = timed(default)
        row("one trajectory, compiled | dysts default", fast, radau)
        row("one trajectory, plain Python | the same", plain, radau)


def flows() -> tuple[list[str], list[Any], list[Any], list[np.ndarray]]:
    """Names, right-hand sides, starts and times of all differential equations of the catalogue: ten periods each."""
    names, fs, starts, times = [], [], [], []
    dysts = peer("dysts.flows")
    for name, entry in systems().items():
        module, _, attribute = entry.target.partition(":")
        cls = getattr(importlib.import_module(module), attribute)
        about: Any = getattr(cls, "about", None)
        if not (hasattr(cls, "rhs") and isinstance(getattr(about, "start", None), tuple)):
            continue  # a map or a delay equation
        names.append(name)
        fs.append(lambda u, rhs=cls.rhs, p=dict(about.parameters): rhs(u, p))
        starts.append(about.start)
        times.append(np.linspace(0.0, PERIODS * period(name, dysts), POINTS))
    return names, fs, starts, times


def period(name: str, dysts: Any) -> float:
    """Of our own record; else dysts' (its catalogue is what we race against); else 3."""
    from gnomon.worlds.flow.record import record_of

    known = record_of(name)
    if known is not None:
        return 30 * known.dt  # `dt` is about a thirtieth of a period
    plain = name.replace("_", "")
    same = [c for c in dir(dysts) if c.lower() == plain] if dysts else []
    return float(getattr(dysts, same[0])().period) if same else 3.0


def catalogue(told: argparse.Namespace) -> None:
    """All differential equations, 1,000 points each over ten periods."""
    names, fs, starts, times = flows()
    peers = (DYSTS_CATALOGUE, DYSTS_CATALOGUE)
    if told.peers_full and peer("dysts") is not None:
        module = peer("dysts.flows")
        classes = [getattr(module, name) for name in peer("dysts.systems").get_attractor_list()]
        peers = timed(lambda: [cls().make_trajectory(POINTS) for cls in classes])
    share = len(names) / 135
    row(
        f"{len(names)} systems, first run ever | dysts' 135",
        timed(lambda: states(fs, starts, times, False)),
        peers,
    )
    row(f"{len(names)} systems, plain Python, again", timed(lambda: states(fs, starts, times, False)), peers)
    first = timed(lambda: states(fs, starts, times, True))
    row(f"{len(names)} systems, compiled, first run ever", first, peers)
    warm = race(max(1, told.rounds // 2), lambda: states(fs, starts, times, True))[0]
    row(f"{len(names)} systems, compiled, warm", warm, peers)
    for count in (10, 40, len(names)):
        part = (fs[:count], starts[:count], times[:count])
        for text, compiled in (("plain Python", False), ("compiled, warm", True)):
            again = race(max(1, told.rounds // 2), lambda part=part, c=compiled: states(*part, c))[0]
            row(f"  growth: {count} systems, {text}", again)
    print(f"  systems ours / dysts': {share:.2f}; compiling one:"
          f" {first[1] / len(names):.2f} CPU s; failed: {failed(names, fs, starts, times)}")  # fmt: skip


def states(fs: list[Any], starts: list[Any], times: list[np.ndarray], compiled: bool) -> list[Any]:
    """All trajectories."""
    return [run.states for run in trajectories(fs, starts, times, compiled=compiled)]


def failed(names: list[str], fs: list[Any], starts: list[Any], times: list[np.ndarray]) -> str:
    """Which systems did not reach the end."""
    runs = trajectories(fs, starts, times, compiled=True)
    return ", ".join(n for n, run in zip(names, runs, strict=True) if run.outcome) or "none"


def ensembles(told: argparse.Namespace) -> None:
    """1,000 initial states with error control, and 10,000 in fixed steps."""
    rng = np.random.default_rng(0)
    at = np.linspace(0, LORENZ_END, POINTS)
    some = rng.normal(LORENZ_START, 1.0, (1000, 3))
    own, other = race(told.rounds, lambda: ensemble(lorenz, some, at).states, with_diffrax(some, at))
    row("1,000 states x 1,000 points | diffrax, vmap", own, other)
    many = rng.normal(LORENZ_START, 1.0, (10_000, 3))
    own, other = race(told.rounds, lambda: fixed_steps(lorenz, many, 0.01, 1000), naive(many, 0.01, 1000))
    row("10,000 states x 1,000 RK4 steps | naive vmap", own, other)
    for lanes in (1000, 10_000, 100_000):
        crowd = rng.normal(LORENZ_START, 1.0, (lanes, 3))
        row(
            f"  growth: {lanes:,} states x 200 steps",
            race(3, lambda crowd=crowd: fixed_steps(lorenz, crowd, 0.01, 200))[0],
        )
    for steps in (250, 1000, 4000):
        run = race(3, lambda steps=steps: fixed_steps(lorenz, many, 0.01, steps))[0]
        row(f"  growth: 10,000 states x {steps:,} steps", run)
    for length in (250, 1000, 4000):
        at = np.linspace(0, LORENZ_END * length / 1000, length)
        run = race(3, lambda at=at: trajectories([lorenz], [LORENZ_START], [at], compiled=True)[0].states)[0]
        row(f"  growth: one trajectory of {length:,} points", run)


def with_diffrax(starts: np.ndarray, at: np.ndarray) -> Callable[[], Any] | None:
    """Tsitouras' pair under `vmap`, with its PID control."""
    diffrax = peer("diffrax")
    if diffrax is None:
        return None
    times = jnp.asarray(at)

    def one(y: Any) -> Any:
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: jnp.stack(lorenz(y))), diffrax.Tsit5(), at[0], at[-1], None, y,
            saveat=diffrax.SaveAt(ts=times), stepsize_controller=diffrax.PIDController(rtol=1e-9, atol=1e-9),
            max_steps=100_000,
        ).ys  # fmt: skip

    run = jax.jit(jax.vmap(one))
    return lambda: jax.block_until_ready(run(jnp.asarray(starts)))


def naive(starts: np.ndarray, h: float, steps: int) -> Callable[[], Any]:
    """Runge-Kutta as one writes it first: a scan under `vmap`."""

    def f(u: Any) -> Any:
        return jnp.stack(lorenz(u))

    def step(y: Any, _: None) -> tuple[Any, None]:
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        return y + h / 6 * (k1 + 2 * (k2 + k3) + f(y + h * k3)), None

    run = jax.jit(jax.vmap(lambda y: jax.lax.scan(step, y, None, length=steps)[0]))
    return lambda: jax.block_until_ready(run(jnp.asarray(starts)))


def spectra(told: argparse.Namespace) -> None:
    """Lorenz over T = 1,000 (32 lanes), and forty sites over T = 10,000."""
    rng = np.random.default_rng(0)
    starts = rng.normal(LORENZ_START, 1.0, (32, 3))
    steps = 200_000 // len(starts)
    ours = lambda: spectrum(lorenz, starts, 0.005, steps, 20, discard=2000)  # noqa: E731
    own, other = race(told.rounds, ours, with_pynamicalsys())
    row("Lorenz spectrum, T = 1,000 | pynamicalsys", own, other)
    if peer("dysts") is not None:
        model, estimate = peer("dysts.flows").Lorenz(), peer("dysts.analysis").find_lyapunov_exponents
        found: list[Any] = []
        once = timed(lambda: found.append(estimate(model, 10_000, pts_per_period=500)))
        row("  the same | dysts, 10,000 points", own, once)
        mine, theirs = np.round(ours().mean(0), 3), np.round(np.asarray(found[0]), 3)
        print(f"  ours {mine}, dysts {theirs}; literature .906, 0, -14.572")
    two = 2 + 3 * rng.normal(size=(2, 40))
    for h, every in ((0.01, 50), (0.025, 20)):
        steps = round(5000 / h)
        kept: list[Any] = []
        spectrum(lorenz96, two, h, every, every)  # compiles
        run = timed(
            lambda h=h, every=every, steps=steps, kept=kept: kept.append(
                spectrum(lorenz96, two, h, steps, every, discard=1000)
            )
        )
        row(f"Lorenz-96 N = 40, all, T = 10,000, h = {h}", run)
        mean = kept[0].mean(0)
        print(
            f"  leading {mean[0]:.3f} (1.69), positive {(mean > 0.003).sum()} (13), dimension"
            f" {kaplan_yorke(mean):.2f} (27.06), sum {mean.sum():.4f} (-40)"
        )


def with_pynamicalsys() -> Callable[[], Any] | None:
    """Its spectrum of Lorenz with the same steps."""
    module = peer("pynamicalsys")
    if module is None:
        return None
    system = module.ContinuousDynamicalSystem(model="lorenz system")
    system.integrator("rk4", time_step=0.005)
    return lambda: system.lyapunov(
        [1.0, 1.0, 20.0], 1000.0, parameters=[10.0, 28.0, 8 / 3], transient_time=10.0, num_exponents=3
    )


PARTS = {"trajectory": one_trajectory, "ensembles": ensembles, "spectra": spectra, "catalogue": catalogue}

if __name__ == "__main__":
    sys.exit(main())
