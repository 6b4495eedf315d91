"""What is validated in the same way for every world: spectrum, regimes, climate, balances, order of the scheme."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import Fact
from validation.sampling import (
    Estimate,
    balance_series,
    decorrelation,
    dimension,
    estimate,
    exponents,
    observed,
    regime_values,
    resting,
    settled,
)
from validation.table import Row, below, reported, within


class Plan(NamedTuple):
    """How much is run.

    Attributes:
        spectrum: (trajectories, time) for the exponents at the default knobs, after `settle`.
        regime: (trajectories, time) for each other knob value.
        climate: (trajectories, time) for means, standard deviations, balances and memory.
        per_block: steps between two orthonormalisations.
        settle: time in which the frame turns into the expanding directions.
    """

    spectrum: tuple[int, float]
    regime: tuple[int, float]
    climate: tuple[int, float]
    per_block: int
    settle: float


Outcome = tuple[list[Row], list[Fact]]


def fact(
    world: AbstractWorld, name: str, found: Estimate, how: str, *, units: str = "1", **at: float
) -> Fact:
    """A fact computed here, rounded to a tenth of its error so that the file does not pretend."""
    error = float(found.error)
    digits = max(0, 2 - int(np.floor(np.log10(error)))) if error > 0 else 12
    return Fact(
        name=name, value=round(float(found.value), digits), error=float(f"{error:.2g}"), units=units,
        source=f"python -m validation {world.card.name} --write", how=how, at=at,
    )  # fmt: skip


def spectrum(world: AbstractWorld, plan: Plan, k: int) -> tuple[np.ndarray, Outcome]:
    """Exponents at the default knobs [trajectory, k], the facts that follow, and no verdicts yet."""
    n, time = plan.spectrum
    default = world.card.knobs[0].default
    samples = exponents(
        world, np.full(n, default), k=k, time=time, per_block=plan.per_block, settle=plan.settle, seed=1
    )
    lam, size = estimate(samples), dimension(samples)
    kept = int((~np.isnan(samples[:, 0])).sum())
    how = f"tangent vectors and QR, {kept} trajectories of {time:g} time units, standard error over trajectories"
    how += f"; {n - kept} that came to rest left out" if kept < n else ""
    facts = [fact(world, "leading_exponent", Estimate(lam.value[0], lam.error[0]), how, units="1/time")]
    for i in range(1, min(3, k)):
        facts.append(
            fact(world, f"exponent_{i + 1}", Estimate(lam.value[i], lam.error[i]), how, units="1/time")
        )
    facts.append(
        fact(
            world, "kaplan_yorke_dimension", size, "from the mean spectrum; jackknife error over trajectories"
        )
    )
    rows = [
        reported("total time of the spectrum (time units)", n * time),
        reported(
            f"trajectories of the spectrum that came to rest, of {n}", float(np.isnan(samples[:, 0]).sum())
        ),
    ]
    return samples, (rows, facts)


def regimes(world: AbstractWorld, plan: Plan) -> Outcome:
    """Leading exponent at every knob value that the trials use; each must be positive by five standard errors."""
    n, time = plan.regime
    values = {k: v for k, v in regime_values(world).items() if v != world.card.knobs[0].default}
    samples = exponents(
        world,
        np.repeat(list(values.values()), n),
        k=1,
        time=time,
        per_block=plan.per_block,
        settle=plan.settle,
        seed=2,
    ).reshape(len(values), n)
    knob = world.card.knobs[0].name
    rows, facts = [], []
    for (label, value), sample in zip(values.items(), samples, strict=True):
        lam = estimate(sample)
        kept = int((~np.isnan(sample)).sum())
        how = f"tangent vector, {kept} trajectories of {time:g} time units, standard error over trajectories"
        how += f"; {n - kept} that came to rest left out" if kept < n else ""
        rows.append(
            Row(
                f"leading exponent at {knob} = {value:.4g} ({label})", float(lam.value), float(lam.error), "> 0",
                "chaotic", "above 0 by 5 errors", bool(lam.value > 5 * lam.error),
            )
        )  # fmt: skip
        facts.append(fact(world, "leading_exponent", lam, how, units="1/time", **{knob: value}))
    return rows, facts


def climate(world: AbstractWorld, plan: Plan) -> Outcome:
    """Means, standard deviations (against the card's scales), balances and decorrelation time at the default knobs."""
    card = world.card
    n, time = plan.climate
    values = jnp.full(n, card.knobs[0].default)
    states = settled(world, values, 3)
    raw = {k: np.asarray(x) for k, x in observed(world, states, values, round(time / card.dt)).items()}
    moving = ~resting({k: x[:, -1] for k, x in raw.items()}, {k: x[:, -2] for k, x in raw.items()}, world)
    obs = {name: x[moving] for name, x in raw.items()}
    n = int(moving.sum())
    how = f"{n} trajectories of {time:g} time units, standard error over trajectories"
    rows, facts = [], []
    for v in card.variables:
        flat = obs[v.name].reshape(n, obs[v.name].shape[1], -1)
        mean = estimate(flat.mean((1, 2)))
        square = estimate(((flat - mean.value) ** 2).mean((1, 2)))
        std = Estimate(np.sqrt(square.value), square.error / 2 / np.sqrt(square.value))
        facts += [fact(world, f"mean_{v.name}", mean, how), fact(world, f"std_{v.name}", std, how)]
        rows.append(
            within(f"std of {v.name}", float(std.value), float(std.error), v.scale, 0.02 * v.scale, "card")
        )
    first = card.variables[0].name
    memory = estimate(decorrelation(obs[first].reshape(n, obs[first].shape[1], -1), card.dt))
    facts.append(
        fact(
            world,
            "decorrelation_time",
            memory,
            f"autocorrelation of {first} falls below 1/e; {how}",
            units="time",
        )
    )
    rows.append(reported(f"decorrelation time of {first}", float(memory.value), float(memory.error)))
    return rows + balances(world, obs), facts


def balances(world: AbstractWorld, obs: dict[str, np.ndarray], knob: float | None = None) -> list[Row]:
    """Each balance of the card: its residual over its scale, and its scale."""
    value = world.card.knobs[0].default if knob is None else knob
    at = "" if knob is None else f" at {world.card.knobs[0].name} = {knob:g}"
    rows = []
    for i, b in enumerate(world.card.balances):
        series = balance_series(world, i, obs, value)
        if b.kind == "conserved":
            drift = float(np.abs(series - series[:, :1]).max()) / b.scale
            rows.append(below(f"{b.name}: largest drift / scale{at}", drift, None, 1e-12))
            continue
        residual = estimate(series.mean(1) / b.scale)
        bound = 4 * float(residual.error) + 1e-4
        rows.append(
            Row(
                f"{b.name}: residual / scale{at}", float(residual.value), float(residual.error), "0", "exact",
                "within 4 errors + 1e-4", abs(float(residual.value)) < bound,
            )
        )  # fmt: skip
        if knob is None:
            rows.append(
                within(
                    f"{b.name}: std of one value", float(series.std()), None, b.scale, 0.2 * b.scale, "card"
                )
            )
    return rows


def order(
    make: Callable[[int], AbstractWorld],
    counts: Sequence[int],
    *,
    steps: int,
    knobs: tuple[float, float],
    states: Any,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Step lengths, errors and the fitted order of a world's scheme, under a knob that is ramped meanwhile.

    The reference is the same scheme with eight times as many inner steps as the finest one.
    """

    @eqx.filter_jit
    def end(world: AbstractWorld) -> jax.Array:
        times = jnp.asarray([0.0, steps * world.card.dt])
        ramp, rest = world.card.knobs[0].name, {k.name: k.default for k in world.card.knobs[1:]}
        forcing = Forcing(
            times={ramp: times} | {name: jnp.zeros(1) for name in rest},
            values={ramp: jnp.asarray(knobs)} | {name: jnp.asarray([v]) for name, v in rest.items()},
        )
        key = jax.random.key(0)

        def body(i: int, state: Any) -> Any:
            return world.step(state, forcing, time=i * world.card.dt, key=key)

        return jax.vmap(lambda s: jax.lax.fori_loop(0, steps, body, s))(states)

    reference = end(make(8 * max(counts)))
    h = make(counts[0]).card.dt / np.asarray(counts, float)
    error = np.asarray([float(jnp.sqrt(jnp.mean((end(make(c)) - reference) ** 2))) for c in counts])
    return h, error, float(np.polyfit(np.log(h), np.log(error), 1)[0])


def order_row(name: str, found: tuple[np.ndarray, np.ndarray, float]) -> Row:
    """The verdict on an order: between 3.7 and 4.4."""
    h, error, slope = found
    span = f"{name}: order (h {h.max():.3g} … {h.min():.3g}, error {error.max():.1e} … {error.min():.1e})"
    return Row(span, slope, None, "4", "theory", "3.7 … 4.4", 3.7 <= slope <= 4.4)
