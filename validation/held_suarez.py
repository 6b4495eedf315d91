"""The dry core under Held and Suarez's forcing at T21: its climate against the paper's, its budgets, growth of errors.

The paper (Held and Suarez 1994, doi:10.1175/1520-0477(1994)075<1825:APFTIO>2.0.CO;2, fig. 2) shows jets of about 30 m/s
near 250 hPa at 40 to 50 degrees over one band of surface westerlies in each hemisphere, from finer models with twenty
layers. At T21 with ten layers and the core's own diffusion eddies are weaker, and with them the jets lie nearer the
equator; the tolerances leave room for that. Everything runs in single precision, all trajectories through one compiled
function.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np

from gnomon.worlds.sphere.held_suarez import BOUNDARY_LAYER, Dry, HeldSuarez
from gnomon.worlds.sphere.levels import GRAVITY, PRESSURES
from gnomon.worlds.sphere.machine import Air, column_of, grid_state
from validation.sampling import Estimate, estimate
from validation.shared import Outcome, fact
from validation.speedy import BLOCK, globally, growth, run
from validation.table import above, below, reported, within

LANES = 6  # trajectories at once
RADIUS, TURN, DAY = 6.371e6, 7.292e-5, 86400.0  # m, s-1, s
PAPER = "Held and Suarez 1994, fig. 2"
ERRORS = 4.0  # standard errors of six trajectories beyond which two hemispheres differ (Student's t: one in a hundred)


class Plan(NamedTuple):
    """Days of the climate, after as many of spin-up."""

    climate: int
    spinup: int


FULL, QUICK = Plan(120, 30), Plan(30, 20)


class Zonal(NamedTuple):
    """Means over time and longitude, [lane, lat] on one level or [lane, level, lat].

    Attributes:
        wind: eastward, m s-1, [lane, level, lat] from below.
        temperature: K, [lane, level, lat].
        flux: of heat by eddies at 850 hPa, K m s-1.
        variance: of temperature by eddies at 850 hPa, K2.
        mass: pressure at the ground, [lane, day], Pa.
    """

    wind: np.ndarray
    temperature: np.ndarray
    flux: np.ndarray
    variance: np.ndarray
    mass: np.ndarray


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    with jax.enable_x64(False):
        return _validate(QUICK if quick else FULL)


def _validate(plan: Plan) -> Outcome:
    world = HeldSuarez()
    states = jax.vmap(lambda k: world.init(key=k))(jax.random.split(jax.random.key(0), LANES))
    states, _, _ = run(world, mirrored(world, states, np.arange(LANES) >= LANES // 2), plan.spinup)
    growth_rows, growth_facts = growth(world, states)
    seen, torques, change = gathered(world, states, plan.climate)
    how = f"{LANES} trajectories, {plan.climate} days after {plan.spinup}, standard error over trajectories"
    rows, facts = climate(world, seen, how)
    more_rows, more_facts = budgets(world, seen, torques, change, how)
    return growth_rows + rows + more_rows, growth_facts + facts + more_facts


def mirrored(world: HeldSuarez, states: Dry, which: np.ndarray) -> Dry:
    """Some lanes with north and south exchanged, which the equations do not see.

    The shipped states are weather of one run, weeks apart, and jets move slowly: without this, what one hemisphere had
    then would be taken for a difference between the two.
    """
    orders, degrees = np.meshgrid(*world.machine.coords.horizontal.modal_axes, indexing="ij")
    even = np.where((orders + degrees) % 2 == 0, 1.0, -1.0)
    lane = which[:, None, None, None]
    kept = {
        name: x * np.where(lane, -even if name == "vorticity" else even, 1.0).astype(x.dtype)
        for name, x in states.air._asdict().items()
    }
    return Dry(Air(**kept))


def gathered(world: HeldSuarez, states: Dry, days: int) -> tuple[Zonal, np.ndarray, np.ndarray]:
    """Zonal statistics of daily fields; the torque every five days [lane, time, lat]; what angular momentum gained."""
    sums, torques, mass = None, [], []
    before = momentum(world, states)
    for _ in range(days // BLOCK):
        states, daily, _ = run(world, states, BLOCK)
        u, v, t = (np.stack([daily[f"{k}{p}"] for p in PRESSURES], axis=2) for k in ("ua", "va", "ta"))
        low = PRESSURES.index(850)
        eddy_v, eddy_t = (x[:, :, low] - x[:, :, low].mean(-1, keepdims=True) for x in (v, t))
        parts = (u.mean(-1), t.mean(-1), (eddy_v * eddy_t).mean(-1), (eddy_t**2).mean(-1))
        parts = [x.mean(1).astype(float) for x in parts]
        sums = parts if sums is None else [a + b for a, b in zip(sums, parts, strict=True)]
        torques.append(torque(world, states))
        mass.append(globally(world, daily["ps"].astype(float)))
    blocks = days // BLOCK
    means = [x / blocks for x in sums or []]
    gained = (momentum(world, states) - before) / (days * DAY)
    return Zonal(*means, np.concatenate(mass, axis=1)), np.stack(torques, axis=1), gained


@eqx.filter_jit
def _columns(world: HeldSuarez, states: Dry) -> Any:
    column = jax.vmap(lambda s: column_of(grid_state(world.machine, s.air)))(states)
    return column.u, column.pressure


def torque(world: HeldSuarez, states: Dry) -> np.ndarray:
    """Eastward torque of friction on the air, zonal mean [lane, lat], N m per square metre of ground."""
    u, pressure = (np.asarray(x, float) for x in _columns(world, states))
    sigma = world.machine.sigma
    low = np.maximum(0.0, (sigma - BOUNDARY_LAYER) / (1 - BOUNDARY_LAYER))
    rate = low / float(world.friction_days) / DAY / len(sigma)  # layers of equal mass
    drag = -np.einsum("k,nkij->nij", rate, u) * pressure / GRAVITY
    return drag.mean(-1) * RADIUS * _cosine(world)


def momentum(world: HeldSuarez, states: Dry) -> np.ndarray:
    """Angular momentum of the air about the axis, [lane], kg m2 s-1 per square metre of the globe."""
    u, pressure = (np.asarray(x, float) for x in _columns(world, states))
    arm = (RADIUS * _cosine(world))[:, None]
    return globally(world, (u.mean(1) + TURN * arm) * arm * pressure / GRAVITY)


def _cosine(world: HeldSuarez) -> np.ndarray:
    return np.cos(np.radians(np.asarray(world.card.grid.lat)))  # pyright: ignore[reportOptionalMemberAccess]


def climate(world: HeldSuarez, seen: Zonal, how: str) -> Outcome:
    """Jets, westerlies at the ground, contrast and eddies of both hemispheres, and how alike the two are."""
    at = {p: i for i, p in enumerate(PRESSURES)}
    lat = np.asarray(world.card.grid.lat)  # pyright: ignore[reportOptionalMemberAccess]
    north = lat > 0
    warm, cold = np.abs(lat) < 10, np.abs(lat) > 70
    rows, facts = [], []
    pieces = {
        "jet at 250 hPa": (seen.wind[:, at[250]], "m s-1", (30.0, 7.0), (45.0, 8.0)),
        "westerlies at 1000 hPa": (seen.wind[:, at[1000]], "m s-1", None, (45.0, 8.0)),
        "poleward eddy heat flux at 850 hPa": (seen.flux * np.sign(lat), "K m s-1", None, (45.0, 10.0)),
        "eddy temperature variance at 850 hPa": (seen.variance, "K2", None, (45.0, 10.0)),
    }
    for name, (field, units, size, place) in pieces.items():
        peaks = {
            "south": peak(field[:, ~north][:, ::-1], -lat[~north][::-1]),
            "north": peak(field[:, north], lat[north]),
        }
        short = name.replace(" ", "_")
        for side, (value, where) in peaks.items():
            strong, far = estimate(value), estimate(where)
            label = f"{name}, {side}"
            rows.append(
                within(f"{label} ({units})", *map(float, strong), *size, PAPER)
                if size
                else above(f"{label} ({units})", *map(float, strong), 3.0)
            )
            rows.append(within(f"{label}: latitude (deg)", *map(float, far), *place, PAPER))
            facts.append(fact(world, f"{short}_{side}", strong, how, units=units))
            facts.append(fact(world, f"latitude_of_{short}_{side}", far, how, units="deg"))
        gap = estimate(peaks["north"][0] - peaks["south"][0])
        rows.append(below(f"{name}: north - south, in errors", float(gap.value / gap.error), None, ERRORS))
    easterly = estimate(seen.wind[:, at[1000]][:, warm].mean(1))
    rows.append(above("easterlies at the equator's ground (m s-1)", -float(easterly.value), None, 0.0))
    level = np.array(PRESSURES)[seen.wind.max(-1).mean(0)[: at[100]].argmax()]
    rows.append(
        within("pressure of the strongest wind below 100 hPa (hPa)", float(level), None, 250.0, 1.0, PAPER)
    )
    contrast = estimate(
        seen.temperature[:, at[850]][:, warm].mean(1) - seen.temperature[:, at[850]][:, cold].mean(1)
    )
    rows.append(reported("temperature at 850 hPa, equator - poles (K)", *map(float, contrast)))
    facts.append(fact(world, "contrast_850", contrast, how, units="K"))
    return rows, facts


def peak(field: np.ndarray, lat: np.ndarray) -> Estimate:
    """Largest value poleward of 15 degrees and its latitude, by a parabola, for each lane; latitude ascending."""
    values, places = [], []
    for row in field:
        i = int(np.clip(np.where(lat > 15, row, -np.inf).argmax(), 1, len(lat) - 2))
        a, b, c = np.polyfit(lat[i - 1 : i + 2] - lat[i], row[i - 1 : i + 2], 2)
        shift = float(np.clip(-b / (2 * a), lat[i - 1] - lat[i], lat[i + 1] - lat[i])) if a < 0 else 0.0
        values.append(a * shift**2 + b * shift + c)
        places.append(lat[i] + shift)
    return Estimate(np.array(values), np.array(places))


def budgets(world: HeldSuarez, seen: Zonal, torques: np.ndarray, gained: np.ndarray, how: str) -> Outcome:
    """Mass, and angular momentum: friction gives as much as it takes, and what is left is what the air gained."""
    rows, facts = [], []
    days = np.arange(seen.mass.shape[1])
    drift = estimate(np.polyfit(days, seen.mass.T, 1)[0] * 30)
    rows.append(below("drift of mass (hPa in 30 d)", *(float(x) / 100 for x in drift), 0.1))
    facts.append(fact(world, "drift_of_mass", drift, how, units="Pa / 30 d"))
    weights = np.asarray(world.card.grid.weights)  # pyright: ignore[reportOptionalMemberAccess]
    mean = torques.mean(1)
    gross = (np.abs(mean) * weights).sum(-1) / 2
    net = (mean * weights).sum(-1)
    rows.append(
        reported(
            "torque of friction in the easterlies (1e6 N m m-2)", *(float(x) / 1e6 for x in estimate(gross))
        )
    )
    share, left = estimate(net / gross), estimate((gained - net) / gross)
    rows.append(below("net torque of friction / torque in the easterlies", *map(float, share), 0.05))
    rows.append(
        below("(gain of angular momentum - torque) / torque in the easterlies", *map(float, left), 0.05)
    )
    facts.append(fact(world, "net_torque_share", share, how))
    return rows, facts
