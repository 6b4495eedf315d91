"""The spectrum of sequence-storing matrices: closed forms, the two ways to the resolvent, and sampled matrices."""

import numpy as np
import pytest

from gnomon.numerics.hebbian_density import density, resolvent, share_within
from gnomon.numerics.hebbian_edges import inside, onset, spectral_edges
from gnomon.numerics.hebbian_extremes import edge_density, expected_extreme
from gnomon.numerics.hebbian_sample import coupling, eigenvalues, random_patterns
from gnomon.numerics.hebbian_theory import atom, averages, growth, position, symbol

WINDOW = (0.3, 1.0, 0.5, 0.2)


def test_means_by_residues_are_those_of_many_points():
    near, far = 1.3 + 0.9j, 7.0 - 2.0j
    w = np.asarray([2 + 1j, 0.3 - 0.2j, -1.2 + 0.1j, near, far])
    values = symbol(WINDOW, 2 * np.pi * np.arange(40_000) / 40_000)
    found = averages(WINDOW, w)
    for i, x in enumerate(w):
        assert found.one[i] == pytest.approx(np.mean(1 / (x - values)), abs=1e-8)
        assert found.square[i] == pytest.approx(np.mean(1 / np.abs(x - values) ** 2), rel=1e-8)


@pytest.mark.parametrize("load", [0.1, 0.5])
def test_pure_sequence_is_a_ring_of_known_radii(load):
    """J is a rotation times a Wishart matrix: the single ring theorem gives both radii."""
    edges = spectral_edges((0, 1), load, grid=161)
    outer, inner = np.sqrt(1 + load), (1 - load) ** 1.5
    assert [edges.max_abs, edges.max_re] == pytest.approx([outer, outer], rel=1e-9)
    assert edges.max_im == pytest.approx(outer, rel=1e-4)
    assert len(edges.voids) == 1
    np.testing.assert_allclose(np.abs(edges.voids[0].edge), inner, rtol=1e-9)
    assert edges.voids[0].radius == pytest.approx(inner, rel=0.02)  # its centre is a node of the grid
    assert onset((0, 1), load) == pytest.approx(1 / outer, rel=1e-9)


def test_patterns_alone_have_the_edges_of_marchenko_and_pastur():
    edges = spectral_edges((1.0,), 0.3, grid=161)
    assert edges.max_re == pytest.approx((1 + np.sqrt(0.3)) ** 2, rel=1e-4)
    assert edges.outer.real.min() == pytest.approx((1 - np.sqrt(0.3)) ** 2, rel=1e-2)
    assert edges.max_im < 1e-9
    assert not edges.voids


def test_no_more_patterns_than_neurons_leave_a_void_at_zero():
    assert spectral_edges((0, 1), 0.8, grid=161, smallest=0.001).voids
    assert not spectral_edges((0, 1), 1.2, grid=161, smallest=0.001).voids
    assert atom((0, 1), 0.8) == pytest.approx(0.2)
    assert atom((0, 1), 1.2) == 0


def test_edges_scale_with_the_weights_and_turn_with_their_sign():
    one = spectral_edges((0, 0.5, 0, 1), 0.1, grid=161)
    twice = spectral_edges((0, 1.0, 0, 2), 0.1, grid=161)
    assert twice.max_re == pytest.approx(2 * one.max_re, rel=1e-9)
    assert [v.radius for v in twice.voids] == pytest.approx([2 * v.radius for v in one.voids], rel=1e-6)
    # odd delays only: c(t + pi) = -c(t), so the spectrum equals its negative
    assert one.outer.real.min() == pytest.approx(-one.max_re, rel=1e-4)


def test_nested_voids_are_empty_in_a_sampled_matrix_and_their_rims_are_not():
    weights, load, n = (0, 0, 1, 0, 0, 0.6), 0.1, 4000
    edges = spectral_edges(weights, load, grid=241, smallest=0.1)
    assert (
        len(edges.voids) == 3
    )  # one about the centre, and of the three about it the real one and one of the pair
    values = eigenvalues(weights, random_patterns(np.random.default_rng(0), round(load * n), n))
    for void in edges.voids:
        distance = np.abs(values - void.centre).min()
        assert distance == pytest.approx(void.radius, rel=0.15)
        within = values[inside(void.edge, values)]  # smeared over the rim, none deep inside
        assert np.abs(within[:, None] - void.edge[None, :]).min(1).max(initial=0) < 0.1
    assert inside(edges.outer, values).mean() > 0.9
    assert np.abs(values).max() == pytest.approx(edges.max_abs, rel=0.04)


def test_resolvent_outside_is_one_over_w():
    w = np.asarray([3.0 + 0.5j, -1.5 + 0.4j, 0.2 + 2.0j])
    assert (growth(WINDOW, 0.3, w) < 1).all()
    found = resolvent(WINDOW, 0.3, position(WINDOW, 0.3, w), eta=1e-9)
    np.testing.assert_allclose(found.a, 1 / w, atol=1e-7)
    assert (found.b < 1e-7).all()


def test_shares_within_discs_are_those_of_sampled_matrices():
    rng = np.random.default_rng(1)
    n, load = 600, 0.5
    values = [eigenvalues((0, 1, 0.5), random_patterns(rng, 300, n)) for _ in range(4)]
    for centre, radius in ((0.4, 0.9), (-0.7, 0.6)):
        counts = [np.sum(np.abs(v - centre) < radius) + (n - 300) * (abs(centre) < radius) for v in values]
        theory = share_within((0, 1, 0.5), load, centre, radius, points=32)
        assert theory == pytest.approx(np.mean(counts) / n, abs=0.012)


def test_density_is_that_of_a_ring_and_falls_to_its_value_at_the_edge():
    inner, outer = 0.5**1.5, np.sqrt(1.5)
    r = np.linspace(inner, outer, 42)[1:-1]
    rho = density((0, 1), 0.5, r, points=128)
    width = r[1] - r[0]
    mass = np.sum(2 * np.pi * r * rho) * width
    ends = np.pi * width / 2 * (inner * 0.2829 + outer * 0.0707)
    assert mass + 2 * ends == pytest.approx(0.5, rel=0.01)
    np.testing.assert_allclose(density((0, 1), 0.5, np.asarray([1.4, 0.1 + 0.1j]), points=128), 0, atol=2e-3)
    at_edge = edge_density((0, 1), 0.5, np.asarray([np.sqrt(1.5), 1j * np.sqrt(0.5)]))
    near = density((0, 1), 0.5, np.asarray([outer - 0.01, inner + 0.01]), points=128)
    np.testing.assert_allclose(at_edge, near, rtol=0.06)


def test_extremes_of_finite_size_are_those_of_ginibre_matrices():
    """The circular law has density 1/pi; means over 40 real matrices of n = 150."""
    edge, rho = np.exp(2j * np.pi * np.linspace(0, 1, 801)), np.full(801, 1 / np.pi)
    rng = np.random.default_rng(2)
    values = [np.linalg.eigvals(rng.normal(size=(150, 150)) / np.sqrt(150)) for _ in range(40)]
    for reach, pairs in ((np.abs, True), (np.imag, False)):
        drawn = np.asarray([reach(v).max() for v in values])
        theory = expected_extreme(edge, rho, 150, reach, outward=1, pairs=pairs)
        assert abs(drawn.mean() - theory) < 4 * drawn.std() / np.sqrt(40) + 0.005
        assert abs(drawn.mean() - 1) > 0.005 or reach is np.imag  # the shift is there to be predicted


def test_both_ways_to_the_eigenvalues_agree_and_the_rest_are_zero():
    xi = random_patterns(np.random.default_rng(3), 12, 30)
    small, whole = eigenvalues(WINDOW, xi), np.linalg.eigvals(coupling(WINDOW, xi))
    assert np.sum(np.abs(whole) < 1e-12) == 18
    large = whole[np.abs(whole) > 1e-12]
    assert np.abs(large[:, None] - small[None, :]).min(1).max() < 1e-12


@pytest.mark.parametrize(("weights", "load"), [((0, 0), 0.5), ((1, 1), 0.0)])
def test_what_has_no_spectrum_is_refused(weights, load):
    with pytest.raises(ValueError, match="positive load and a weight"):
        spectral_edges(weights, load)


def test_an_iteration_that_has_not_arrived_says_so():
    with pytest.raises(ArithmeticError, match="still moves"):
        resolvent((0, 1), 0.5, np.asarray([1.2]), most=3)
