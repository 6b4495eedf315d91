"""The command that plants faults in the dry core and divides the error: when it calls an answer right."""

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from gnomon.inference.swap import Cells, swapped
from gnomon.worlds.sphere.machine import Air
from validation.swap import MODELS, Bench, Plan, right, table_of


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(0)
    places = 200
    wave, more = np.linalg.qr(rng.normal(size=(places, 2)))[0].T * np.sqrt(places)

    def of(heating, basic):
        drawn = [x + 0.05 * rng.normal(size=(8, places)) for x in (
            wave, wave + heating * more, wave + basic * more, wave + (heating + basic) * more, wave,
            wave + (heating + basic) * more,
        )]  # fmt: skip
        return swapped(Cells(*drawn), np.full(places, 1 / places))

    return {"nothing": of(0, 0), "heating": of(0.7, 0), "basic": of(0, 0.7), "both": of(0.5, 0.4)}


def test_an_answer_is_right_where_it_names_what_was_planted_and_nothing_else(answers):
    nothing, heating, basic, both = answers.values()
    assert [right(x, None) for x in answers.values()] == [True, False, False, both.found.named is None]
    assert right(heating, 0)
    assert right(basic, 1)
    assert right(both, -1)
    assert not right(heating, 1)
    assert not right(basic, 0)
    assert not right(nothing, 0)
    assert not right(nothing, -1)


def test_both_are_right_only_where_the_instrument_works_and_both_shares_are_there(answers):
    both = answers["both"]
    assert not right(
        both._replace(failed="the error that the dry core makes has 33 % of the model's only"), -1
    )
    assert not right(answers["heating"], -1)
    shares = (both.found.shares[0], msgspec.structs.replace(both.found.shares[1], low=-0.1))
    assert not right(both._replace(found=both.found._replace(shares=shares)), -1)


def test_finished_runs_of_another_plan_are_not_taken(tmp_path):
    plan = Plan(layers=5, units=8, days=8.0, size=3.0, keep=tmp_path)
    others = [plan._replace(**{name: 7}) for name in Plan._fields if name != "keep"]
    assert len({p.digest() for p in (plan, *others)}) == len(others) + 1
    assert plan._replace(keep=None).digest() == plan.digest()

    def made(plan, value):
        return np.asarray(
            Bench(plan)._once("run", lambda: Air(*[jnp.full(2, value)] * len(Air._fields))).vorticity
        )

    assert made(plan, 1.0)[0] == made(plan, 2.0)[0] == 1
    assert made(plan._replace(size=4.0), 2.0)[0] == 2


def test_eight_starts_begin_at_eight_shipped_states():
    bench = Bench(Plan(layers=5, units=8, days=8.0, size=3.0, keep=None))
    keys = jax.random.split(jax.random.key(0), 8)
    with jax.enable_x64(False):
        made = np.asarray(jax.vmap(bench.drawn)(keys, jnp.arange(8)).vorticity).reshape(8, -1)
        again = np.asarray(jax.vmap(bench.drawn)(keys[::-1], jnp.arange(8)).vorticity).reshape(8, -1)
    # whatever else is mixed in, start n is most like start n of another side
    like = np.corrcoef(made, again)[:8, 8:]
    assert np.array_equal(like.argmax(axis=1), np.arange(8))


def test_every_planted_cause_is_of_a_kind_that_is_judged(answers):
    assert [planted for _, planted in MODELS.values()] == [None, 0, 1, -1]
    table = table_of(answers, Plan(layers=5, units=8, days=8.0, size=3.0, keep=None))
    assert table.row_count == 4
    assert next(iter(table.columns[4].cells)) == "unknown"
