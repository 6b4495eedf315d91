"""The command that plants faults in the dry core and divides the error: when it calls an answer right."""

import csv

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from gnomon.inference.swap import Cells, swapped
from gnomon.worlds.sphere.machine import Air
from validation import swap
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


def test_a_dead_instrument_is_not_right_about_nothing(answers):
    """It is silent about everything; where nothing is planted it must have made both waves."""
    nothing = answers["nothing"]
    assert nothing.works
    assert nothing.sentence.startswith("not attributable")
    for dead in (
        {"like_truth": 0.79},
        {"like_model": np.nan},
        {"had": (0.4, 1.0, 1.0)},
        {"missed": (0.1, 0.6, 0.1)},
    ):
        broken = nothing._replace(**dead)
        assert not broken.works
        assert not right(broken, None)
    assert right(nothing._replace(like_error=0.1), None), "where there is no error its gate asks nothing"


def test_a_miss_is_a_result_and_only_strictly_a_failure(answers, monkeypatch, tmp_path, capsys):
    """make goes on to the next check; the verdict is in the table."""
    monkeypatch.setattr(swap, "Bench", lambda plan: None)
    wrong = answers["both"]._replace(failed="the dry core's own wave is like the model's at r = 0.10 only")
    for more, status in (((), 0), (("--strict",), 1)):
        said = iter([*list(answers.values())[:3], wrong])
        monkeypatch.setattr(swap, "attributed", lambda bench, model, said=said: next(said))
        monkeypatch.setattr("sys.argv", ["swap", "--csv", str(tmp_path / "swap.csv"), *more])
        with pytest.raises(SystemExit) as end:
            swap.main()
        assert end.value.code == status
        assert "wrong: both" in capsys.readouterr().out
    with (tmp_path / "swap.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [r["right"] for r in rows] == ["1", "1", "1", "0"]
    assert float(rows[0]["r truth"]) == pytest.approx(answers["nothing"].like_truth, abs=1e-3)


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
