"""One system from its equations to its record: what runs it, what is known of it, and whether it passed."""

import math
import sys
import time
from typing import Any, NamedTuple

import jax
import numpy as np

from gnomon.spec.cards import Fact
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import load
from gnomon.worlds.flow.maps.system import AbstractMapWorld
from gnomon.worlds.flow.record import Record
from gnomon.worlds.flow.survey import look, rounded
from gnomon.worlds.flow.system import SCHEMES, AbstractFlow
from validation.catalogue.climate import spread_of
from validation.catalogue.delays import examine_delay
from validation.catalogue.facts import fact_of, facts_of
from validation.catalogue.literature import literature_rows
from validation.catalogue.orbits import Orbits, Runner
from validation.catalogue.regimes import RANGES, imperfection, knob_range
from validation.catalogue.spectrum import AGREE, Spectrum, halves, mismatch, self_checks, spectrum_of
from validation.sampling import Estimate
from validation.table import Row, below, reported

LANES = 48
PERIODS = (40, 400)  # a lane, least and most
REGIME_PERIODS = 60
SPINUP = 60  # periods
MAP_STEPS, MAP_SPINUP, MAP_PERIOD = 20_000, 500.0, 10.0
# Inner steps of all lanes together that the facts may take.
WORK = {"rk4": 8_000_000, "rosenbrock": 1_500_000, "rule": LANES * MAP_STEPS}
APART = 2.5  # errors by which the halves of the orbits may differ before they are followed further
FINER = 3  # times the steps may be halved
SPINS = 4  # times the orbits are taken for spin-up and followed further


class Found(NamedTuple):
    """Everything that came out for one system; `problem` says why there is no record."""

    name: str
    record: Record | None
    rows: list[Row]
    problem: str
    seconds: float


class Setup(NamedTuple):
    """How a system is followed.

    Attributes:
        runner: with all tangent vectors.
        short: with one.
        dt: between saved states.
        substeps: of the world's own scheme in each.
        period: twice the mean time between crossings of the mean; ten steps of a map.
        steps: saved a lane.
    """

    runner: Runner
    short: Runner
    dt: float
    substeps: int
    period: float
    steps: int


def examine(name: str) -> Found:
    """Compute one system's record; whatever goes wrong is said and not raised."""
    began = time.perf_counter()
    try:
        with jax.enable_x64(True):
            cls = load("worlds", name)
            if issubclass(cls, AbstractFlow | AbstractMapWorld):
                record, rows = _examine(name, cls)
            else:
                looked = sys.modules[cls.__mro__[1].__module__]._first_look(cls)
                record, rows = examine_delay(name, cls, looked)
        return Found(name, record, rows, "", time.perf_counter() - began)
    except Exception as error:  # one system that fails must not lose the others
        return Found(name, None, [], f"{type(error).__name__}: {error}", time.perf_counter() - began)


def _set_up(cls: Any) -> Setup:
    about = cls.about
    world = object.__new__(cls)  # its equations and declarations are all that is needed; it has no record yet
    if issubclass(cls, AbstractMapWorld):
        made = [Runner(world, "rule", 1.0, 1, k) for k in (len(about.state), 1)]
        return Setup(made[0], made[1], 1.0, 1, MAP_PERIOD, MAP_STEPS)
    # A symplectic scheme keeps the energy but costs ten times as much: facts come from short explicit steps.
    scheme = "rosenbrock" if about.scheme == "rosenbrock" else "rk4"
    first = (cls.rhs, about.parameters, about.state, about.start)
    kinds = {"angles": about.angles, "kick": about.spread, "smooth": about.smooth}
    seen = look(*first, step=SCHEMES[scheme], **kinds)
    substeps = seen.substeps
    if about.conservative:  # what drifts off its energy surface has other exponents: sixteen times as exact
        seen = seen._replace(substeps=2 * seen.substeps)
    if scheme != about.scheme:
        substeps = look(*first, step=SCHEMES[about.scheme], **kinds).substeps
    turn = seen.period / seen.dt
    steps = math.ceil(turn * min(max(WORK[scheme] / (LANES * turn * seen.substeps), PERIODS[0]), PERIODS[1]))
    made = [Runner(world, scheme, seen.dt, seen.substeps, k) for k in (len(about.state), 1)]
    return Setup(made[0], made[1], seen.dt, substeps, seen.period, steps)


def _with_shorter_steps(about: Any, way: Setup) -> tuple[Setup, Orbits, float, float, Spectrum] | None:
    """Steps halved until the tangents keep the volume, or None where even short ones do not.

    The survey's points do not meet rare bursts; the worst lane does.
    """
    for _ in range(FINER):
        way = _finer(way)
        orbits, spun, differ = _followed(about, way)
        found = spectrum_of(orbits, way.dt)
        if mismatch(orbits, found, way.dt) < AGREE:
            return way, orbits, spun, differ, found
    return None


def _finer(way: Setup) -> Setup:
    first, short = (
        Runner(r.world, r.scheme, r.dt, 2 * r.substeps, r.vectors) for r in (way.runner, way.short)
    )
    return way._replace(runner=first, short=short, substeps=2 * way.substeps)


def _followed(about: Any, way: Setup) -> tuple[Orbits, float, float]:
    """Orbits whose halves agree, the time they were spun up, and by how many errors their halves differ."""
    rng = np.random.default_rng(1)
    start = np.asarray(about.start, float)
    starts = start + about.spread * (0.01 + np.abs(start)) * rng.standard_normal((LANES, start.size))
    parameters = way.runner.parameters(LANES)
    spun = MAP_SPINUP if way.runner.scheme == "rule" else SPINUP * way.period
    states = np.asarray(way.runner.carry(starts, parameters, spun))
    if not np.isfinite(states).all():
        lost = int((~np.isfinite(states).all(1)).sum())
        raise BadSpec(f"{lost} of {LANES} orbits were lost in the spin-up")
    for attempt in range(SPINS):
        orbits = way.runner.follow(states, parameters, way.steps, seed=2 + attempt)
        if not np.isfinite(orbits.growth).all():
            raise BadSpec("an orbit was lost while its tangents were followed")
        if not about.smooth:
            apart = way.runner.separate(states, parameters, spread_of(orbits.states), way.steps)
            orbits = orbits._replace(growth=apart[..., None])
        differ = halves(orbits, way.dt)
        if abs(differ) < APART or attempt == SPINS - 1:
            return orbits, spun, differ
        states, spun = orbits.last, spun + 1.1 * way.steps * way.dt
    raise AssertionError("unreachable")


def _examine(name: str, cls: Any) -> tuple[Record, list[Row]]:
    about, way = cls.about, _set_up(cls)
    orbits, spun, differ = _followed(about, way)
    found = spectrum_of(orbits, way.dt)
    if issubclass(cls, AbstractFlow) and about.smooth and mismatch(orbits, found, way.dt) >= AGREE:
        way, orbits, spun, differ, found = _with_shorter_steps(about, way) or (
            way,
            orbits,
            spun,
            differ,
            found,
        )
    rows = self_checks(cls, orbits, found, way.dt)
    if about.conservative:
        rows.append(reported("halves of the orbits differ (errors); orbits may stick to islands", differ))
    else:
        rows.append(below("halves of the orbits differ (errors)", differ, None, 4.0, "a settled orbit: 0"))
    facts = facts_of(name, about, orbits, found, way.dt, flow=way.runner.scheme != "rule")
    more, ranged, bent = _knobs(name, about, way, orbits, found, facts)
    rows += [*more, *literature_rows(name, facts)]
    knob, size = about.parameters[about.knob], abs(about.parameters[about.knob]) or 1.0
    spread = spread_of(orbits.states)
    rate = float(found.exponents.value[0])
    record = Record(
        dt=way.dt, substeps=way.substeps, timescale=rounded(1 / rate if found.chaotic else 10 * way.period, 3),
        spinup=rounded(spun), low=rounded(knob - ranged * size, 6), high=rounded(knob + ranged * size, 6),
        spread={
            s: rounded(about.angles[s] / 4 if s in about.angles else float(x), 3)
            for s, x in zip(about.state, spread, strict=True)
        },
        imperfect=bent, facts=tuple(facts),
    )  # fmt: skip
    return record, rows


def _knobs(
    name: str, about: Any, way: Setup, orbits: Orbits, found: Spectrum, facts: list[Fact]
) -> tuple[list[Row], float, dict[str, float]]:
    """Rows on the knob, half its range over its default, and what the imperfect twin has wrong; adds to the facts."""
    rate = float(found.exponents.value[0])
    # A weak exponent needs long orbits to be told from zero.
    turns = min(max(REGIME_PERIODS, 15 / (rate * way.period) if found.chaotic else 0.0), 5 * REGIME_PERIODS)
    task = {
        "spinup": SPINUP / 2 * way.period,
        "steps": math.ceil(turns * way.period / way.dt) * (5 if way.runner.scheme == "rule" else 1),
        "least": 0.1 * rate if found.chaotic else None,
    }
    knob = about.parameters[about.knob]
    ranged = knob_range(way.short, orbits.last, about.knob, knob, **task)
    bent = imperfection(way.short, orbits.last, about.parameters, about.knob, **task)
    passed = "chaos" in ranged.kept or not found.chaotic
    told = f"range of the knob {about.knob}, as a share of it"
    rows = [
        Row(told, ranged.reach, None, "chaos", "contract", ranged.kept, passed),
        reported("parameters that an imperfect twin can have wrong", float(len(bent))),
    ]
    said = Estimate(np.asarray(ranged.reach), np.asarray(0.0))
    how = f"{RANGES[ranged.kept]}; half the training range over the default"
    facts.append(fact_of(name, "knob_reach", said, how))
    for value, pair in ranged.exponents.items():
        lam = Estimate(*map(np.asarray, pair))
        if math.isfinite(pair[0]):
            facts.append(
                fact_of(name, "leading_exponent", lam, "8 orbits", units="1/time", at={about.knob: value})
            )
    return rows, ranged.reach or 0.001, bent
