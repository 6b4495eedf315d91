"""Error of a wave divided between heating and basic state: what is planted in the cells comes out."""

import numpy as np
import pytest

from gnomon.inference.swap import Cells, alike, had_and_missed, pseudo_products, swapped

UNITS, PLACES = 6, 400
WEIGHTS = np.full(PLACES, 1 / PLACES)


def waves(rng):
    """Three patterns without a common part."""
    q, _ = np.linalg.qr(rng.normal(size=(PLACES, 3)))
    return q.T * np.sqrt(PLACES)


def cells(heating, basic, *, mixed=0.0, noise=0.1, instrument=1.0, seed=0):
    """Cells of a truth with one wave; the model's heating and basic state each add a pattern of the given size."""
    rng = np.random.default_rng(seed)
    wave, more, other = waves(rng)

    def drawn(x):
        return x + noise * rng.normal(size=(UNITS, PLACES))

    both = wave + heating * more + basic * other + mixed * more
    tilted = wave * instrument + np.sqrt(1 - instrument**2) * rng.normal(size=PLACES)
    return Cells(
        both_true=drawn(tilted),
        model_heating=drawn(wave + heating * more),
        model_basic=drawn(wave + basic * other),
        both_model=drawn(both),
        truth=drawn(wave),
        model=drawn(both),
    )


def test_each_planted_cause_is_named_and_shares_sum_to_one():
    for planted, sizes in enumerate([(0.8, 0.1), (0.1, 0.8)]):
        got = swapped(cells(*sizes), WEIGHTS)
        heating, basic = (s.value for s in got.found.shares)
        assert got.found.named == planted
        assert heating + basic == pytest.approx(1)
        assert heating == pytest.approx(sizes[0] ** 2 / sum(s**2 for s in sizes), abs=0.02)
        assert "of the error that the dry core makes in the wave train comes from the heating" in got.sentence
        assert abs(got.interaction) < 0.03


def test_two_causes_of_one_size_are_halves_and_none_is_named():
    got = swapped(cells(0.6, 0.6), WEIGHTS)
    assert got.found.shares[0].value == pytest.approx(0.5, abs=0.05)
    assert got.found.named is None
    assert got.sentence.startswith("not attributable: none surely accounts for enough")


def test_what_neither_does_alone_is_shown_and_shared():
    got = swapped(cells(0.0, 0.0, mixed=0.7, noise=0.02), WEIGHTS)
    assert got.interaction == pytest.approx(1, abs=0.02)
    assert [s.value for s in got.found.shares] == pytest.approx([0.5, 0.5], abs=0.02)


def test_equal_models_have_no_error_to_divide():
    named = [swapped(cells(0.0, 0.0, noise=0.5, seed=s), WEIGHTS).found.named for s in range(20)]
    assert named == [None] * 20
    assert "no error beyond" in swapped(cells(0.0, 0.0), WEIGHTS).sentence


def test_an_instrument_that_does_not_make_the_truths_wave_attributes_nothing():
    got = swapped(cells(0.8, 0.1, instrument=0.6), WEIGHTS)
    assert got.like_truth < 0.8
    assert (
        got.sentence
        == f"not attributable: the dry core's own wave is like the truth's at r = {got.like_truth:.2f} only"
    )


def test_an_error_that_is_not_the_models_attributes_nothing():
    right = cells(0.0, 0.5)
    got = swapped(right._replace(model=right.truth + 0.05 * right.model[::-1]), WEIGHTS)
    assert got.like_model > 0.8
    assert got.sentence.startswith("not attributable: the error that the dry core makes")


def sized(made, *, waves_alone=False, seed=0):
    """Heating's fault, of which (or of all waves) the instrument makes so many times the size."""
    got = cells(0.3, 0.05, noise=0.03, seed=seed)
    base = np.zeros(PLACES) if waves_alone else got.truth.mean(0)
    return got._replace(**{name: base + made * (getattr(got, name) - base) for name in Cells._fields[:4]})


@pytest.mark.parametrize("made", [1 / 3, 3.0])
def test_an_error_of_another_size_attributes_nothing_however_alike(made):
    got = swapped(sized(made), WEIGHTS)
    assert got.like_error > 0.95
    assert got.found.named == 0  # the rule of shares alone would name the heating
    assert got.had[2] == pytest.approx(made, abs=0.03)
    assert got.missed[2] == pytest.approx((1 - made) ** 2, rel=0.1)
    assert got.sentence == f"not attributable: {got.failed}"
    told = "has 33 % of the model's only" if made < 1 else "differs from the model's by "
    assert f"the error that the dry core makes {told}" in got.sentence


@pytest.mark.parametrize("made", [1 / 3, 3.0])
def test_a_wave_of_another_size_attributes_nothing(made):
    got = swapped(sized(made, waves_alone=True), WEIGHTS)
    assert got.like_truth > 0.95
    assert got.sentence.startswith("not attributable: the dry core's own wave ")
    assert "the truth's" in got.sentence


def test_a_third_cause_of_two_thirds_attributes_nothing():
    rng = np.random.default_rng(5)
    wave, more, third = waves(rng)
    here, there = 0.4 * np.sqrt(0.33) * more, 0.4 * np.sqrt(0.67) * third
    made = [wave, wave + here, wave, wave + here, wave, wave + here + there]
    got = swapped(Cells(*(x + 0.02 * rng.normal(size=(UNITS, PLACES)) for x in made)), WEIGHTS)
    assert got.like_error > 0.5  # correlations alone would let it pass
    assert min(got.like_truth, got.like_model) > 0.8
    assert got.found.named == 0
    assert got.missed[2] == pytest.approx(0.67, abs=0.03)
    assert got.sentence == "not attributable: the error that the dry core makes has 33 % of the model's only"


def test_noise_is_neither_had_nor_missed():
    rng = np.random.default_rng(6)
    wave = waves(rng)[0]
    made, real = (0.8 * wave + 2 * rng.normal(size=(8, PLACES)) for _ in range(2))
    assert np.array(had_and_missed(made, real)) == pytest.approx([1, 0], abs=0.15)
    assert had_and_missed(made, 0 * real) == (0.0, np.inf)


def test_products_are_between_different_units_and_their_spread_is_right():
    rng = np.random.default_rng(3)
    x = 1 + rng.normal(size=(8, 50))
    left = [pair(np.delete(x, i, 0)) for i in range(8)]
    assert pseudo_products(x, x) == pytest.approx(8 * pair(x) - 7 * np.array(left))
    assert pseudo_products(x, x).mean() == pytest.approx(pair(x))
    made = np.array([pseudo_products(*2 * [0.3 + rng.normal(size=(12, 4))]) for _ in range(300)])
    assert made.mean() == pytest.approx(4 * 0.3**2, abs=0.06)  # noise has no product with itself
    errors = made.std(axis=1, ddof=1) / np.sqrt(12)
    assert errors.mean() == pytest.approx(made.mean(axis=1).std(), rel=0.25)


def pair(x):
    """Mean product of different units, the slow way."""
    n = len(x)
    return np.mean([x[i] @ x[j] for i in range(n) for j in range(n) if i != j])


def test_likeness_is_that_of_mean_patterns():
    rng = np.random.default_rng(1)
    wave = waves(rng)
    assert alike(np.stack([wave[0], wave[0]]), np.stack([wave[0], wave[0]])) == pytest.approx(1)
    assert alike(wave[:1], wave[1:2]) == pytest.approx(0, abs=1e-12)
    assert alike(wave[:1], 0 * wave[:1]) == 0
