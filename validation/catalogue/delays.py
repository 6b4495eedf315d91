"""Facts of delay equations: exponents through the derivative of the world's own step."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from gnomon.core.forcing import forcing_of
from gnomon.core.world import AbstractWorld
from gnomon.numerics.lyapunov import evolve_tangent, start_tangent
from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.record import Record
from gnomon.worlds.flow.survey import rounded
from validation.catalogue.facts import exponent_facts, time_facts
from validation.catalogue.literature import literature_rows
from validation.catalogue.spectrum import spectrum_of_growth
from validation.table import Row, below, reported, within

LANES = 32
STEPS = 6_000


def examine_delay(name: str, cls: type, record: Record) -> tuple[Record, list[Row]]:
    """A record whose facts come from orbits of the world itself.

    Args:
        name: of the system.
        cls: its class.
        record: a first look at it, which says how it is stepped.
    """
    world = cls(dt=record.dt, substeps=record.substeps)
    seen, growth, every = _orbits(world, record)
    if not (np.isfinite(growth).all() and np.isfinite(seen).all()):
        raise BadSpec("an orbit was lost while its tangents were followed")
    dt = record.dt
    found = spectrum_of_growth(growth, every * dt)
    rows = [
        reported(f"exponent {i + 1}", float(v), float(e))
        for i, (v, e) in enumerate(zip(*found.exponents, strict=True))
    ]
    lam, time = found.exponents, growth.shape[1] * every * dt
    near = int(np.argmin(np.abs(lam.value)))
    bound = 4 * float(lam.error[near]) + 3 / time
    told = "the exponent nearest to zero"
    rows.append(within(told, float(lam.value[near]), float(lam.error[near]), 0.0, bound, "theory: 0"))
    gap = growth[:, : growth.shape[1] // 2, 0].mean(1) - growth[:, growth.shape[1] // 2 :, 0].mean(1)
    error = gap.std(ddof=1) / np.sqrt(len(gap)) + 1 / growth.shape[1]
    rows.append(
        below("halves of the orbits differ (errors)", float(gap.mean() / error), None, 4.5, "settled: 0")
    )
    how = f"tangent vectors; {LANES} orbits of {time:.4g} time units"
    facts = exponent_facts(name, found, how) + time_facts(name, "x", seen[..., 0], dt, how)
    rows += literature_rows(name, facts)
    default = cls.about.parameters[cls.about.knob]
    sides = [s for s in (default - record.low, record.high - default) if s > 0]
    other = next((k for k in cls.about.parameters if k not in (cls.about.knob, "tau")), None)
    bent = {other: rounded(1.02 * cls.about.parameters[other], 6)} if other else {}
    if (
        bent
        and not np.isfinite(_orbits(cls(parameters=bent, dt=dt, substeps=record.substeps), record)[0]).all()
    ):
        bent = {}
    changes: dict[str, Any] = {
        "imperfect": bent,
        "timescale": rounded(1 / float(lam.value[0]) if found.chaotic else record.timescale, 3),
        "low": rounded(default - min(sides), 6),
        "high": rounded(default + min(sides), 6),
        "facts": tuple(f for f in facts if math.isfinite(f.value)),
        "spread": {k: rounded(v, 3) for k, v in record.spread.items()},
    }
    return msgspec.structs.replace(record, **changes), rows


def _orbits(world: AbstractWorld[Any], record: Record) -> tuple[np.ndarray, np.ndarray, int]:
    """[lane, time, quantity] what is seen, [lane, block, exponent] growth in each block, and the steps of a block."""
    card = world.card
    forcing = jax.tree.map(lambda x: x[0], forcing_of(card, (), 1))
    settle, every = math.ceil(record.spinup / card.dt), max(1, round(0.1 * record.timescale / card.dt))

    @eqx.filter_jit
    def run(world: AbstractWorld[Any], keys: Any) -> Any:
        def one(key: Any) -> Any:
            def advance(state: Any, time: Any) -> Any:
                return world.step(state, forcing, time=time, key=key)

            state = jax.lax.fori_loop(0, settle, lambda i, s: advance(s, 0.0), world.init(key=key))
            tangent = start_tangent(state, k=card.exponents, key=key)
            sizes = {"steps_per_block": every, "dt": card.dt}
            tangent, _ = evolve_tangent(advance, tangent, blocks=STEPS // every // 5, **sizes)
            tangent, growth = evolve_tangent(advance, tangent, blocks=STEPS // every, **sizes)

            def save(s: Any, _: None) -> Any:
                s = advance(s, 0.0)
                return s, jnp.stack(list(world.observe(s).values()))

            return jax.lax.scan(save, tangent.state, None, length=STEPS)[1], growth

        return jax.vmap(one)(keys)

    seen, growth = run(world, jax.random.split(jax.random.key(4), LANES))
    return np.asarray(seen), np.asarray(growth), every
