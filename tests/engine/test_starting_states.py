"""States that the truth starts from and that its solver cannot carry are told, not left to be noticed."""

import jax
import jax.numpy as jnp

from gnomon.engine.bench import Bench
from gnomon.engine.scoring import Stage
from gnomon.engine.starting_states import complaint
from gnomon.spec.registry import build
from gnomon.spec.study import Case, DataPlan, Ref, TrialRef
from gnomon.store.results import Store
from gnomon.worlds.field.navier_stokes import NavierStokes


def test_states_that_are_not_fine_are_counted_by_name():
    world = NavierStokes(grid=24, viscosity=0.03)
    good = world.init(key=jax.random.key(0))
    states = jnp.stack([good, good.at[0, 0, 0].set(jnp.nan), 100 * good, good])
    assert complaint(world, states) == "Of 4 states that the truth starts from 1 not_finite, 1 unstable_step."
    assert complaint(world, jnp.stack([good, good])) == ""
    assert complaint(build("worlds", "lorenz63"), jnp.ones((2, 3))) == ""  # such a world has nothing to say


def test_a_case_tells_that_its_truth_is_not_resolved(tmp_path):
    told = {}
    for viscosity in (0.0, 0.2):
        args = {"grid": 12, "wavenumber": 2, "viscosity": viscosity}
        case = Case(
            world=Ref(kind="navier_stokes", args=args), learner=Ref(kind="persistence"),
            trial=TrialRef(kind="forecast", args={"units": 2}), data=DataPlan(), seed=0, precision="float64",
        )  # fmt: skip
        bench = Bench(Store(tmp_path))
        trial = build("trials", "forecast", {"units": 2})
        told[viscosity] = Stage(bench, case, trial, bench.world(case.world), {}).complaints()
    assert told[0.2] == ()
    assert told[0.0] == ("Of 2 states that the truth starts from 2 not_resolved.",)
