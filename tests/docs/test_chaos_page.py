"""The page of learners of chaos: who is first is decided by pairs, champions are chosen where they are not judged."""

import numpy as np
import pytest

from docs.chaos_page import _verdict
from docs.chaos_ranking import Field, Flow, apart, contest, correlation, is_polynomial, leaders, sign_flips
from docs.chaos_sections import PUBLISHED, _spectrum
from gnomon.spec.results import Result


def flow(polynomial=True, observations=30.0, **starts):
    """From the valid times of the starts of one seed."""
    arrays = {n: np.asarray(v, float) for n, v in starts.items()}
    return Flow(
        valid={n: np.asarray([v.mean()]) for n, v in arrays.items()},
        starts={n: {0: v} for n, v in arrays.items()},
        numbers={},
        seconds={},
        observations=observations,
        polynomial=polynomial,
    )


def test_shares_are_of_the_twin_of_the_same_flow():
    field = Field({"a": flow(perfect=[10, 10], nvar=[5, 5]), "b": flow(perfect=[4, 4], nvar=[4, 4])})
    assert field.shares("nvar") == [0.5, 1.0]
    assert field.share("linear", "a") is None


def test_equal_learners_are_not_told_apart_and_unequal_ones_are():
    rng = np.random.default_rng(0)
    base = rng.gamma(4.0, size=60)
    same = leaders(flow(nvar=base, sindy=base + rng.normal(0, 1, 60), linear=base / 4))
    assert set(same) == {"nvar", "sindy"}
    assert sign_flips(base) < 1e-4 < 0.2 < sign_flips(rng.normal(0, 1, 60))


def test_pairs_need_flows_in_common():
    rng = np.random.default_rng(1)
    flows = {
        str(i): flow(perfect=[10, 10], sindy=9 + rng.normal(0, 0.1, 2), nvar=2 + rng.normal(0, 0.1, 2))
        for i in range(6)
    }
    told = apart(Field(flows))
    assert (told["sindy", "nvar"] or 1.0) < 1e-3
    few = Field({k: flows[k] for k in "012"})
    assert apart(few) == {("sindy", "nvar"): None}


def test_a_champion_is_not_chosen_where_it_is_judged():
    """`echo_state` is lucky on one flow only: judged there, the steadier `nvar` stands for what knows."""
    flows = {str(i): flow(perfect=[10, 10], nvar=[5, 5], echo_state=[1, 1], nbeats=[4, 4]) for i in range(4)}
    flows["lucky"] = flow(perfect=[10, 10], nvar=[5, 5], echo_state=[9, 9], nbeats=[4, 4])
    gaps = contest(Field(flows), list(flows))
    assert gaps == pytest.approx([0.1] * 5)


def test_the_answer_follows_the_numbers():
    assert "domain knowledge" in _verdict(np.asarray([0.3, 0.4, 0.35]), np.asarray([]))
    assert "scale" in _verdict(np.asarray([-0.3, -0.4, -0.35]), np.asarray([]))
    assert "neither" in _verdict(np.asarray([-0.3, 0.4, 0.1]), np.asarray([0.1, -0.1]))
    assert "none yet" in _verdict(np.asarray([0.3]), np.asarray([]))


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        ("lorenz63", True),
        ("duffing", True),
        ("thomas", False),
        ("chua", False),
        ("double_pendulum", False),
        ("mackey_glass", False),
    ],
)
def test_polynomials_are_recognised(world, expected):
    assert is_polynomial(world) is expected


def test_a_rank_correlation_has_its_interval():
    assert correlation([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 7]) == "1.00"
    told = correlation([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])
    assert told.startswith("0.83 [")


def test_published_horizons_are_restated_by_the_exponent():
    """Roessler's stored exponent is twice the true one, that of Lorenz-96 is of four sites."""
    from gnomon.spec.registry import build

    factors = {w: 1 / (e * build("worlds", w, {}).card.timescale) for w, (e, _) in PUBLISHED.items()}
    assert factors["lorenz63"] == pytest.approx(1.02, abs=0.01)
    assert factors["rossler"] == pytest.approx(0.475, abs=0.02)
    assert factors["lorenz96_five"] == pytest.approx(1.84, abs=0.05)


def test_true_eigenvalues_of_a_torus_are_counted():
    n, dt = 4.2, 0.21
    true = [np.exp(s * 1j * w * dt) for w in (1, n - 1, n, n + 1) for s in (1, -1)]
    case = {"world": {"kind": "torus", "args": {"parameters": {"n": n}, "error": 0.0}}}
    rows = [{"eigenvalue": [v.real, v.imag], "residual": 1e-6, "spurious": False} for v in true[:5]]
    rows.append({"eigenvalue": [0.5, 0.2], "residual": 0.5, "spurious": True})
    told = _spectrum(
        Result(id="x", case=case, status="ok", learned={"spectrum": rows, "pairs": 6, "spurious": 1})
    )
    assert told == (6.0, 5.0, 1.0, 5.0)
