"""Climate measures of the sphere where the answer is known beforehand."""

import msgspec
import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.sphere.band_variance import BandVariance, band_powers
from gnomon.measures.sphere.budgets import Budgets, departures, trend
from gnomon.measures.sphere.extremes import Extremes, in_spells, thresholds
from gnomon.measures.sphere.fields import against_mean, daily, regions, sphere
from gnomon.measures.sphere.mean_state import MeanState
from gnomon.measures.sphere.modes import Modes, covariances, leading, pattern
from gnomon.measures.sphere.persistence import Persistence, autocorrelation
from gnomon.measures.sphere.sphere_spectrum import SphereSpectrum, effective_resolution
from gnomon.measures.sphere.stability import Stability, hazard_interval, lifetimes, told_hazard
from gnomon.measures.sphere.zonal_state import ZonalState
from gnomon.testing.synthetic_sphere import MEMORY, synthetic_sphere
from gnomon.testing.synthetic_sphere_climate import bump

MADE = {}


def made(role, **options):
    key = repr((role, options))
    if key not in MADE:
        MADE[key] = synthetic_sphere(role, **({"units": 14, "leads": 30, "truncation": 10} | options))
    return MADE[key]


def distance(measure, role="subject", **options):
    truth = measure.summarise(made("truth"))
    return measure.discrepancy(truth, measure.summarise(made(role, **options))).mean()


def tables(measure, **options):
    truth = measure.summarise(made("truth"))
    return truth, measure.summarise(made("subject", **options))


class TestAgainstMean:
    def test_it_is_the_squared_distance_without_the_noise_of_the_truth(self):
        random = np.random.default_rng(0)
        alive = np.ones(12, bool)
        found = [
            against_mean(0.5 + random.normal(size=(12, 40)), random.normal(size=(12, 40)), alive).mean()
            for _ in range(300)
        ]
        expected = 40 * (1 + 0.25)  # the variance of one unit, and the squared bias
        assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found) / 300**0.5)

    def test_one_unit_is_the_plain_square(self):
        assert against_mean(np.array([[3.0]]), np.array([[1.0]]), np.ones(1, bool)) == pytest.approx([4.0])

    def test_a_truth_of_another_size_is_taken_as_exact(self):
        x, r = np.array([[1.0], [2.0], [3.0]]), np.array([[0.0], [2.0]])
        np.testing.assert_allclose(against_mean(x, r, np.ones(3, bool)), [0, 1, 4])

    def test_the_mean_is_the_statistic_and_units_may_be_lost(self):
        random = np.random.default_rng(1)
        x, r = random.normal(size=(5, 3)), random.normal(size=(6, 3))
        alive = np.array([True, True, False, True, True, True])
        kept = r[alive]
        other = ~np.eye(5, dtype=bool)
        expected = (x**2).sum(axis=1).mean() - 2 * (x @ kept.T)[other].mean() + (kept @ kept.T)[other].mean()
        assert against_mean(x, r, alive).mean() == pytest.approx(expected)


class TestMeanState:
    def test_a_known_bias_adds_its_square(self):
        bias = {"tas": 0.5}
        m = MeanState(fields=("tas",))
        added = distance(m, bias=bias) - distance(m)
        card = made("truth").card
        where = sphere(card)
        shape = 1 + bump(where, 30.0, 90.0, 30.0, 60.0)  # what the fault does
        variance = m.summarise(made("truth"))["variance"].mean(axis=(0, 1)).reshape(where.area.shape)
        expected = (where.area * (0.5 * 3.0 * shape) ** 2 / variance).sum()
        assert added == pytest.approx(expected, rel=0.1)

    def test_the_portrait_tells_the_bias_by_region(self):
        m = MeanState(fields=("tas", "psl"))
        truth, subject = tables(m, bias={"tas": 1.0})
        roles = {"truth": truth, "subject": subject}
        curve = m.curves(roles, {k: made("truth") for k in roles})[0]
        assert curve.row_labels == ("tas", "psl")
        tas, psl = np.array(curve.rasters["subject"], float)
        assert (tas > 0.9).all()
        assert (psl < 0.35).all()

    def test_fields_that_do_not_exist_are_named(self):
        with pytest.raises(CannotMeasure, match="none of the fields"):
            MeanState(fields=("snow",)).summarise(made("truth"))


def only_shown(evidence, *names):
    """The same evidence of a world whose card only shows some of its variables."""
    return evidence._replace(card=msgspec.structs.replace(evidence.card, shown=names))


class TestZonalState:
    def between(self, *names, bias):
        m = ZonalState()
        truth = m.summarise(only_shown(made("truth"), *names))
        return m.discrepancy(truth, m.summarise(only_shown(made("subject", bias=bias), *names))).mean()

    def test_a_level_that_is_only_shown_does_not_count(self):
        assert self.between(bias={"hus50": 1e3}) > 1e3
        assert self.between("hus50", bias={"hus50": 1e3}) == self.between("hus50", bias={})

    def test_the_other_levels_of_its_kind_share_its_weight(self):
        """Seven of eight levels are left: a bias in one of them weighs eight sevenths of what it did."""
        bias, m = {"ta500": 2.0}, ZonalState()
        levels = m.summarise(made("truth"))["level"].shape[1]
        all_in = self.between(bias=bias) - self.between(bias={})
        without = self.between("ta50", bias=bias) - self.between("ta50", bias={})
        assert without / all_in == pytest.approx(levels / (levels - 1), rel=0.02)

    def test_a_kind_of_which_nothing_counts_is_left_out(self):
        levels = ZonalState().summarise(made("truth"))["level"][0]
        table = ZonalState().summarise(only_shown(made("truth"), *(f"hus{p}" for p in levels)))
        assert "hus" not in table
        assert "ta" in table


class TestSpectrum:
    def test_half_the_amplitude_is_a_quarter_of_the_energy_at_all_scales_of_the_noise(self):
        m = SphereSpectrum(levels=(250,))
        energy = [
            m.summarise(made("subject", damping=d))["energy"][:, 0, 4:9].mean(axis=0) for d in (0, 0.5, 1)
        ]
        whole, half, still = energy  # the last is the energy of the mean flow alone
        np.testing.assert_allclose((half - still) / (whole - still), 0.25, rtol=0.15)

    @pytest.mark.parametrize(
        ("lost", "at"), [(slice(6, None), 6), (slice(3, 5), None), (slice(1, None), 1), (slice(10, 11), 10)]
    )
    def test_effective_resolution(self, lost, at):
        truth = np.full(11, 2.0)
        subject = truth.copy()
        subject[lost] = 0.9
        assert effective_resolution(truth, subject) == at

    def test_winds_are_needed(self):
        with pytest.raises(CannotMeasure, match="no winds"):
            SphereSpectrum(levels=(333,)).summarise(made("truth"))


class TestBands:
    @pytest.mark.parametrize(("period", "band"), [(4.0, 0), (16.0, 1), (30.0, 1), (1.2, None)])
    def test_a_wave_is_in_its_own_band(self, period, band):
        t = np.arange(0, 120, 0.25)
        x = 3 * np.sqrt(2) * np.cos(2 * np.pi * t / period + 0.4)[:, None]
        powers = band_powers(x, 0.25)[:, 0]
        expected = [9.0 if k == band else 0.0 for k in range(2)]
        np.testing.assert_allclose(powers, expected, atol=0.2)

    @pytest.mark.parametrize("count", [399, 400])
    def test_all_bands_of_white_noise_hold_their_share(self, count):
        x = np.random.default_rng(0).normal(size=(count, 400))
        storms, slow = band_powers(x, 1.0).mean(axis=1)
        assert storms == pytest.approx(0.75, abs=0.02)
        assert slow == pytest.approx(0.25, abs=0.02)

    def test_the_relative_error_of_a_damped_run_is_known(self):
        # The known part of the climate does not vary: the spread is damped by 0.3 everywhere.
        assert distance(BandVariance(), damping=0.3) == pytest.approx(0.09, abs=0.01)

    def test_short_runs_are_refused(self):
        with pytest.raises(CannotMeasure, match="16 days"):
            BandVariance().summarise(made("truth", leads=10))


class TestModes:
    def test_a_planted_pattern_is_found_with_its_amplitude(self):
        random = np.random.default_rng(0)
        e = np.ones(50) / 50**0.5
        x = 3 * random.normal(size=(8, 100, 1)) * e + 0.1 * random.normal(size=(8, 100, 50))
        found, share = leading(x)
        assert abs(found @ e) == pytest.approx(1, abs=1e-3)
        assert share > 0.9
        b = pattern(covariances(x, found).mean(axis=0), found)
        assert np.linalg.norm(b) == pytest.approx(3, rel=0.05)

    def test_few_samples_and_many_give_the_same_mode(self):
        x = np.random.default_rng(2).normal(size=(4, 5, 20)) * np.linspace(3, 1, 20)
        tall, _ = leading(x)
        wide, _ = leading(np.concatenate([x, x]))
        assert abs(tall @ wide) == pytest.approx(1)

    def test_a_damped_run_has_the_square_of_what_is_missing(self):
        # the truth's own draws, damped by 0.3: |B - B_t|^2 / |B_t|^2 = 0.09
        assert distance(Modes(), "truth", damping=0.3) == pytest.approx(0.09, rel=1e-3)

    def test_nothing_that_moves_scores_one(self):
        assert distance(Modes(), "null", null="frozen") == pytest.approx(1)

    def test_the_common_basis_is_the_truths(self):
        x = np.zeros((2, 4, 3))
        x[..., 1] = [1, -1, 1, -1]  # the subject moves where the truth's mode has nothing
        e = np.array([1.0, 0, 0])
        np.testing.assert_array_equal(pattern(covariances(x, e).mean(axis=0), e), 0)


class TestExtremes:
    def test_only_spells_of_three_days_count(self):
        beyond = np.array([1, 1, 0, 1, 1, 1, 1, 0, 0, 1], bool)[None, :, None]
        assert in_spells(beyond)[0, 0] == pytest.approx(0.4)
        assert in_spells(~beyond[:, :2])[0, 0] == 0

    def test_a_tenth_of_the_truths_days_lies_beyond_each_threshold(self):
        table = Extremes().summarise(made("truth"))
        limits = thresholds(table)
        assert (table["tas"] > limits[0]).mean() == pytest.approx(0.1, abs=0.005)
        assert (table["tas"] < limits[1]).mean() == pytest.approx(0.1, abs=0.005)

    def test_persistence_alone_makes_waves(self):
        assert distance(Extremes(), memory=3.0) > distance(Extremes()) + 0.05

    def test_without_rain_four_parts_are_left(self):
        e = made("truth")
        runs = e.runs["free"]
        dry = e._replace(runs={"free": runs._replace(obs={"tas": runs.obs["tas"]})})
        table = Extremes().summarise(dry)
        assert "pr" not in table
        np.testing.assert_array_equal(Extremes().discrepancy(table, table), 0)


class TestPersistence:
    def test_the_autocorrelation_of_red_noise(self):
        table = Persistence().summarise(made("truth"))
        r = autocorrelation(table["covariance"].sum(axis=0), table["variance"].sum(axis=0)).mean()
        # Means over the unit take their share: for 30 days of AR(1) the expectation falls from 0.61 to about 0.54.
        assert np.exp(-1 / MEMORY) - 0.1 < r < np.exp(-1 / MEMORY)

    def test_what_stands_still_is_perfectly_persistent(self):
        assert autocorrelation(np.zeros(3), np.zeros(3)) == pytest.approx(np.ones(3))

    def test_days_are_averaged_where_instants_are_finer(self):
        e = made("truth")
        runs = e.runs["forecast"]
        x = daily(e.card, runs, "tas")
        assert x.shape[1] == 7
        np.testing.assert_allclose(x[:, 1], runs.obs["tas"][:, 0, 4:8].mean(axis=1), rtol=1e-6)
        with pytest.raises(CannotMeasure, match="whole days"):
            daily(e.card, e.runs["control"], "tas")


class TestBudgets:
    def test_the_synthetic_truth_closes_air_and_water(self):
        table = Budgets().summarise(made("truth"))
        assert np.abs(table["dry_mass"]).max() < 5  # Pa a year
        assert np.abs(table["water"]).max() < 0.01  # mm a day

    def test_planted_leaks_are_measured(self):
        truth, subject = tables(Budgets(), drift=10.0)
        off = departures(truth, subject)
        # 10 Pa in 29 days; 1e-5 kg m-2 s-1 of rain without evaporation
        assert off["dry_mass"].mean() == pytest.approx(10 / 29 * 365.25, rel=0.1)
        assert off["water"].mean() == pytest.approx(10e-6 * 86_400, rel=0.05)

    def test_trend_of_a_line(self):
        t = np.array([0.0, 1.0, 4.0])
        np.testing.assert_allclose(trend(t, 3 * t[None] + 7), [3.0])

    def test_a_world_without_these_fields_says_so(self):
        e = made("truth")
        runs = e.runs["free"]
        bare = e._replace(runs={"free": runs._replace(obs={"tas": runs.obs["tas"]})})
        with pytest.raises(CannotMeasure, match="no budget"):
            Budgets().summarise(bare)


class TestStability:
    def test_hazard_counts_events_over_exposure(self):
        m = Stability()
        table = m.summarise(made("subject", diverged=(1, 5)))
        exposure = (12 * 30 + 2 * 15) / 365.25  # lost after 15 of 30 days
        assert table["exposure"].sum() == pytest.approx(exposure)
        assert m.value(table, table).mean() == pytest.approx(2 / exposure)
        assert np.isposinf(m.discrepancy(m.summarise(made("truth")), table)[[1, 5]]).all()
        assert told_hazard(table).startswith("2 divergences")

    def test_nothing_happened_is_a_bound_and_not_a_zero(self):
        low, high = hazard_interval(0, 10.0)
        assert (low, high) == (0, pytest.approx(0.2996, abs=1e-4))  # the rule of three
        assert "fewer than" in told_hazard(Stability().summarise(made("truth")))

    def test_the_exact_poisson_interval(self):
        assert hazard_interval(10, 1.0) == pytest.approx((4.795, 18.390), abs=1e-3)  # Garwood's table

    def test_values_that_are_not_finite_count_as_an_end(self):
        e = made("truth")
        runs = e.runs["free"]
        x = runs.obs["tas"].copy()
        x[3, 0, 10] = np.nan
        exposure, event = lifetimes(e.card, runs._replace(obs=runs.obs | {"tas": x}))
        assert event.sum() == 1
        assert exposure[3] * 365.25 == pytest.approx(10)


def test_regions_cover_the_globe():
    where = sphere(made("truth").card)
    parts = regions(where)
    assert {"globe", "tropics", "north", "south", "land", "ocean"} == set(parts)
    np.testing.assert_allclose(parts["tropics"] + parts["north"] + parts["south"], 1)
    np.testing.assert_allclose(parts["land"] + parts["ocean"], 1)
