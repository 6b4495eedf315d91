"""A subject that says which of its parts moved what: the split is read back, closed, and never guessed."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.adapters.jax_runner import SimulatorRunner, make_starts
from gnomon.core.measure import CannotMeasure
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.watch import Watch
from gnomon.measures.sphere.budgets import Budgets
from gnomon.measures.sphere.declared import declared_table
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build
from gnomon.testing.synthetic_sphere import synthetic_sphere

RAIN, FIXED = 0.4, -0.15  # mm a day that the learned part and the fixer give


@pytest.fixture(scope="module")
def plain():
    return synthetic_sphere("subject", units=4, leads=20, truncation=5)


def told(evidence, **series):
    """The same evidence with declared series: name -> rate a day, accumulating from the start of the run."""
    runs = evidence.runs["free"]
    days = np.asarray(runs.time, float)
    shape = (len(runs.diverged), 1, len(days))
    more = {k: np.broadcast_to(rate * days, shape).astype(np.float32) for k, rate in series.items()}
    obs = type(runs.obs)({**runs.obs, **more})
    return evidence._replace(runs={**evidence.runs, "free": runs._replace(obs=obs)})


def test_rates_and_the_rest_are_read_back(plain):
    table = Budgets().summarise(told(plain, gained_water_learned=RAIN, gained_water_fixer=FIXED))
    np.testing.assert_allclose(table["gained_water_learned"], RAIN, rtol=1e-5)
    np.testing.assert_allclose(table["gained_water_fixer"], FIXED, rtol=1e-5)
    gain = (table["vapour"][:, -1] - table["vapour"][:, 0]) / (table["days"][0, -1] - table["days"][0, 0])
    np.testing.assert_allclose(table["gained_water_rest"], gain - RAIN - FIXED, rtol=1e-4)


def test_a_model_that_declares_all_of_its_parts_has_no_rest():
    days = np.arange(1.0, 11.0)
    air = 98_000.0 + 3.0 * np.sin(days) + 0.02 * days
    parts = {"gained_dry_mass_dynamics": 3.0 * np.sin(days), "gained_dry_mass_fixer": 0.02 * days}
    made = _runs({k: np.tile(v, (4, 1, 1)) for k, v in parts.items()})
    table = declared_table(made, days, {"air": np.tile(air, (4, 1))}, np.ones(4, bool))
    np.testing.assert_allclose(table["gained_dry_mass_rest"], 0, atol=1e-9)
    np.testing.assert_allclose(table["gained_dry_mass_fixer"], 0.02 * 365.25)


def test_means_over_a_stride_give_the_same_rates():
    """Series that accumulate may be saved as means: the parts then stand beside means of the stores."""
    fine = np.arange(1, 241) / 10
    water = 25 + 0.3 * fine
    means = lambda x: x.reshape(-1, 10).mean(axis=1)  # noqa: E731
    made = _runs({"gained_water_learned": np.tile(means(0.3 * fine), (3, 1, 1))})
    table = declared_table(made, means(fine), {"vapour": np.tile(means(water), (3, 1))}, np.ones(3, bool))
    np.testing.assert_allclose(table["gained_water_rest"], 0, atol=1e-9)


def test_heat_is_a_flux():
    days = np.array([0.0, 1.0, 2.0])
    made = _runs({"gained_heat_learned": np.tile(86_400.0 * 5 * days, (2, 1, 1))})
    table = declared_table(made, days, {}, np.ones(2, bool))
    np.testing.assert_allclose(table["gained_heat_learned"], 5)
    assert "gained_heat_rest" not in table  # no column, no rest


def test_a_clipper_that_acts_on_a_tenth_of_the_cells_is_shown_so(plain):
    with_it = told(plain, acted_inputs_held=0.1)
    table = Budgets().summarise(with_it)
    np.testing.assert_allclose(table["acted_inputs_held"], 0.1, rtol=1e-5)
    curves = Budgets().curves({"truth": table, "subject": table}, {"truth": plain, "subject": with_it})
    shown = {c.name: c for c in curves}
    assert shown["acted"].series[0].y == pytest.approx((0.1,), rel=1e-5)
    assert "inputs_held" in shown["acted"].note


def test_who_declares_nothing_is_judged_and_drawn_as_before(plain):
    truth = Budgets().summarise(synthetic_sphere("truth", units=4, leads=20, truncation=5))
    bare = Budgets().summarise(plain)
    said = Budgets().summarise(told(plain, gained_water_learned=RAIN, acted_a=0.5))
    np.testing.assert_array_equal(Budgets().discrepancy(truth, bare), Budgets().discrepancy(truth, said))
    names = {
        c.name
        for c in Budgets().curves({"truth": truth, "subject": bare}, {"truth": plain, "subject": plain})
    }
    assert not any(n.startswith(("parts_", "acted")) for n in names)


def test_a_lost_unit_is_left_out(plain):
    evidence = told(plain, gained_water_learned=RAIN)
    runs = evidence.runs["free"]
    lost = runs.diverged.copy()
    lost[2] = 3
    obs = {k: v.copy() for k, v in runs.obs.items()}
    for v in obs.values():
        v[2, :, 3:] = np.nan
    broken = evidence._replace(runs={"free": runs._replace(obs=type(runs.obs)(obs), diverged=lost)})
    table = Budgets().summarise(broken)
    assert np.isfinite(table["gained_water_learned"]).all()
    curves = Budgets().curves({"truth": table, "subject": table}, {"truth": broken, "subject": broken})
    assert next(c for c in curves if c.name == "parts_water").series[0].y[0] == pytest.approx(RAIN, rel=1e-5)


def test_an_unknown_store_or_a_field_is_refused(plain):
    with pytest.raises(CannotMeasure, match="no store known"):
        Budgets().summarise(told(plain, gained_salt_learned=1.0))
    runs = plain.runs["free"]
    field = {**runs.obs, "acted_x": runs.obs["tas"]}
    with pytest.raises(CannotMeasure, match="one number a lead"):
        Budgets().summarise(plain._replace(runs={"free": runs._replace(obs=type(runs.obs)(field))}))


class Telling(AbstractSimulator):
    """Persistence that says of itself that its learned part gives 0.5 mm a day, and that a clipper always acts."""

    card: SimulatorCard = eqx.field(static=True)

    def assimilate(self, history, forcing, *, time, key):
        return {k: v[-1] for k, v in history.items()}, jnp.zeros(())

    def advance(self, state, forcing, *, time, key):
        return state[0], state[1] + self.card.dt

    def observe(self, state):
        return state[0] | {"gained_water_learned": 0.5 * state[1], "acted_clipper": state[1]}


@pytest.mark.parametrize("average", [False, True])
def test_the_runner_keeps_what_a_simulator_declares(average):
    world = build("worlds", "lorenz63")
    names = tuple(v.name for v in world.card.variables)
    card = SimulatorCard(name="telling", dt=world.card.dt, context=1, variables=names, knobs=())
    starts = make_starts(world, (), 2, history=1, seed=0, watch=Watch())
    experiment = Experiment(label="free", units=2, steps=5, stride=4, average=average)
    runs = SimulatorRunner(Telling(card), world.card).run(experiment, starts, seed=0, watch=Watch())
    table = declared_table(runs, np.asarray(runs.time, float), {}, np.ones(2, bool))
    np.testing.assert_allclose(table["gained_water_learned"], 0.5, rtol=1e-5)
    np.testing.assert_allclose(table["acted_clipper"], 1.0, rtol=1e-5)


def _runs(obs):
    from gnomon.core.runs import Runs

    units, _, leads = next(iter(obs.values())).shape
    return Runs("free", obs, np.arange(float(leads)), {}, np.full((units, 1), -1), None, {}, {})
