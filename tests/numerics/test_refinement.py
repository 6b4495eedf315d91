"""Two grids of one domain: exactness of what is known, bicubic interpolation, the halo, scores, analogues."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from gnomon.numerics.analogue_variance import analogue_variance
from gnomon.numerics.cubic_interpolation import cubic, cubic_weights
from gnomon.numerics.halo import sides_for, with_halo, without_halo
from gnomon.numerics.refinement import plane_refinement, sphere_refinement
from gnomon.numerics.refinement_scores import power_by_wave, scores
from gnomon.spec.errors import BadData, BadSpec

RNG = np.random.default_rng(0)
PLANE = plane_refinement((16, 20), (6, 9))
SPHERE = sphere_refinement(6, 4)


def on_plane(rows, columns):
    """Waves up to 2 and 4 along the axes, sampled on any grid."""
    y, x = np.meshgrid(
        2 * np.pi * np.arange(rows) / rows, 2 * np.pi * np.arange(columns) / columns, indexing="ij"
    )
    return (1.5 + np.cos(2 * y - 4 * x + 0.3) + np.sin(y + 3 * x) + 2 * np.cos(2 * y))[..., None]


def polynomial(geometry, degree):
    """Of the three coordinates in space, so of no total wavenumber beyond its degree."""
    lat, lon = (np.radians(a) for a in np.meshgrid(geometry.lat, geometry.lon, indexing="ij"))
    x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
    return (0.7 + z + x * y**2 * z ** (degree - 3) + (x - 2 * z) ** degree)[..., None]


def test_a_field_within_the_coarse_waves_is_recovered_exactly():
    truth = on_plane(16, 20)
    coarse = np.asarray(PLANE.coarsened(jnp.asarray(truth)))
    np.testing.assert_allclose(coarse, on_plane(6, 9), atol=1e-12)
    np.testing.assert_allclose(PLANE.filled(jnp.asarray(coarse)), truth, atol=1e-12)
    wide = polynomial(SPHERE.fine, 4)
    coarse = np.asarray(SPHERE.coarsened(jnp.asarray(wide)))
    np.testing.assert_allclose(coarse, polynomial(SPHERE.coarse, 4), atol=1e-12)
    np.testing.assert_allclose(SPHERE.filled(jnp.asarray(coarse)), wide, atol=1e-12)


def test_a_shorter_wave_is_not_recovered():
    x = jnp.asarray(np.cos(3 * 2 * np.pi * np.arange(16) / 16)[:, None, None] * np.ones((16, 20, 1)))
    assert float(jnp.abs(PLANE.known(x)).max()) < 1e-12  # the wave at half of six points is cut as well
    wide = jnp.asarray(polynomial(SPHERE.fine, 5))
    assert float(jnp.abs(SPHERE.missing(wide)).max()) > 0.01


@pytest.mark.parametrize("refinement", [PLANE, SPHERE], ids=["plane", "sphere"])
def test_known_and_missing_are_orthogonal_parts(refinement):
    x = refinement.resolved(jnp.asarray(RNG.standard_normal((*refinement.fine.shape, 2))))
    known, missing = refinement.known(x), refinement.missing(x)
    np.testing.assert_allclose(known + missing, x, atol=1e-12)
    np.testing.assert_allclose(refinement.filled(refinement.coarsened(x)), known, atol=1e-12)
    assert float(jnp.abs(refinement.coarsened(missing)).max()) < 1e-12
    weights = refinement.fine.weights().reshape(*refinement.fine.shape, 1)
    products = (weights * np.asarray(known * missing)).sum()
    assert abs(products) < 1e-10 * float((known**2).sum())


def test_bicubic_is_exact_for_cubics_away_from_the_edges_and_for_no_more():
    refinement = plane_refinement((40, 40), (10, 10))

    def polynomial(size, power):
        y, x = np.meshgrid(np.arange(size) / size, np.arange(size) / size, indexing="ij")
        return (y**power - 2 * x**power * y + 3 * y**2 * x**power + 1)[..., None]

    inner = slice(4, 29)  # four coarse points of the same side of the seam
    gap = cubic(refinement, polynomial(10, 3)) - polynomial(40, 3)
    assert np.abs(gap[inner, inner]).max() < 1e-12
    assert np.abs(gap).max() > 0.1  # a cubic is not periodic
    assert np.abs((cubic(refinement, polynomial(10, 4)) - polynomial(40, 4))[inner, inner]).max() > 1e-5


def keys(coarse, fine, a):
    """[fine, coarse] weights of the kernel of pictures around a ring."""
    gap = (np.arange(fine)[:, None] * coarse / fine - np.arange(coarse) + coarse / 2) % coarse - coarse / 2
    d = np.abs(gap)
    near, far = (a + 2) * d**3 - (a + 3) * d**2 + 1, a * (d**3 - 5 * d**2 + 8 * d - 4)
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def test_sharper_cubics_come_nearer_and_none_beats_zero_filling():
    refinement = plane_refinement((64, 64), (16, 16))
    waves = np.hypot(*np.meshgrid(np.fft.fftfreq(64, 1 / 64), np.fft.rfftfreq(64, 1 / 64), indexing="ij"))
    noise = np.fft.rfft2(np.random.default_rng(4).standard_normal((64, 64)))
    truth = np.fft.irfft2(noise * np.where(waves > 0, np.maximum(waves, 1.0) ** -2, 0))[..., None]
    known = np.asarray(refinement.coarsened(jnp.asarray(truth)))

    def twice(weights):
        return np.einsum("yi,xj,ijc->yxc", weights, weights, known)

    around = CubicSpline(np.arange(17), np.eye(17, 16) + np.eye(17, 16, -16), bc_type="periodic")
    guesses = (
        refinement.filled(jnp.asarray(known)), twice(around(np.arange(64) / 4)), twice(keys(16, 64, -0.75)),
        twice(keys(16, 64, -0.5)), cubic(refinement, known),
    )  # fmt: skip
    zero, spline, sharp, usual, lagrange = (float(((truth - g) ** 2).mean()) for g in guesses)
    assert zero < spline < sharp < min(usual, lagrange)
    assert usual == pytest.approx(lagrange, rel=0.05)


def test_bicubic_meets_at_the_ends_and_across_the_poles():
    turned = cubic(PLANE, np.roll(on_plane(6, 9), 3, axis=0))
    np.testing.assert_allclose(turned, np.roll(cubic(PLANE, on_plane(6, 9)), 8, axis=0), atol=1e-12)
    sphere = sphere_refinement(42, 21)
    gap = np.abs(cubic(sphere, polynomial(sphere.coarse, 3)) - polynomial(sphere.fine, 3))
    assert gap.max() < 2e-3 * np.abs(polynomial(sphere.fine, 3)).max()
    assert gap[[0, -1]].max() < 2e-3  # beyond the last coarse latitude


def test_lagrange_weights_are_exact_on_uneven_nodes():
    nodes = np.array([0.0, 0.7, 1.0, 2.2, 2.5, 4.0])
    points = np.array([0.7, 0.9, 1.7, 2.4, 2.5])
    np.testing.assert_allclose(cubic_weights(nodes, points) @ nodes**3, points**3, atol=1e-12)
    with pytest.raises(BadData, match="between"):
        cubic_weights(nodes, np.array([3.0]))
    with pytest.raises(BadData, match="ascend"):
        cubic_weights(nodes[::-1], points)


def test_a_halo_wraps_and_goes_across_the_poles():
    x = jnp.asarray(RNG.standard_normal((6, 8, 1)))
    sides = sides_for((6, 8), 2, 4)
    assert sides == ((2, 4), (2, 2))
    padded = with_halo("plane", x, sides)
    assert padded.shape == (12, 12, 1)
    np.testing.assert_array_equal(padded[:, 0], padded[:, 8])
    np.testing.assert_array_equal(padded[1], padded[7])
    np.testing.assert_array_equal(without_halo(padded, sides), x)
    round_ = with_halo("sphere", x, ((1, 1), (2, 2)))
    np.testing.assert_array_equal(round_[0, 2:-2], jnp.roll(x[0], 4, axis=0))
    np.testing.assert_array_equal(round_[-1, 2:-2], jnp.roll(x[-1], 4, axis=0))
    np.testing.assert_array_equal(round_[:, 0], round_[:, 8])
    with pytest.raises(BadSpec, match="does not fit"):
        with_halo("plane", x, ((7, 0), (0, 0)))
    with pytest.raises(BadSpec, match="two axes"):
        sides_for((6,), 2, 4)


@pytest.mark.parametrize("refinement", [PLANE, SPHERE], ids=["plane", "sphere"])
def test_scores_know_the_null_and_the_truth(refinement):
    truth = np.stack([
        np.asarray(refinement.resolved(jnp.asarray(RNG.standard_normal((*refinement.fine.shape, 2)))))
        for _ in range(3)
    ])  # fmt: skip
    known = np.stack([np.asarray(refinement.known(jnp.asarray(x))) for x in truth])
    args = refinement.fine, truth
    assert np.abs(scores(*args, known, truth - known).recovered).max() < 1e-12
    np.testing.assert_allclose(scores(*args, truth, truth - known).recovered, 1.0)
    half = scores(*args, (truth + known) / 2, truth - known)
    np.testing.assert_allclose(half.recovered, 0.75)
    assert np.isnan(scores(*args, truth, truth - truth).recovered).all()
    weights = refinement.fine.weights().reshape(refinement.fine.shape)
    whole = np.einsum("yx,nyxc->nc", weights / weights.sum(), truth**2)
    np.testing.assert_allclose(power_by_wave(refinement.fine, truth).sum(axis=1), whole)


def test_a_single_wave_has_its_power_in_one_place():
    plane = plane_refinement((16, 16), (4, 4)).fine
    field = np.cos(2 * np.pi * (3 * np.arange(16)[:, None] + 4 * np.arange(16)) / 16)[None, ..., None]
    power = power_by_wave(plane, field)[0, :, 0]
    np.testing.assert_allclose(power, np.where(np.arange(len(power)) == 5, 0.5, 0.0), atol=1e-12)


def test_analogues_bound_the_conditional_variance():
    x, queries = RNG.uniform(size=(8_000, 1)), RNG.uniform(size=(1_000, 1))
    answer = lambda x: np.sin(5 * x) + 0.3 * RNG.standard_normal(x.shape)  # noqa: E731
    found = analogue_variance(x, answer(x), queries, answer(queries)).mean()
    assert found == pytest.approx(0.09, rel=0.12)  # two sets of a thousand draws
    settled = lambda n: analogue_variance(x[:n], np.sin(5 * x[:n]), queries, np.sin(5 * queries)).mean()  # noqa: E731
    assert settled(6) > 10 * settled(600) > 0  # nothing is open: a bound, loose where analogues are far
    exact = analogue_variance(x, np.sin(5 * x), x[:50], np.sin(5 * x[:50]))
    np.testing.assert_allclose(exact, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: plane_refinement((16, 16), (16, 16)), "fewer points"),
        (lambda: plane_refinement((16, 16), (8, 20)), "fewer points"),
        (lambda: plane_refinement((16, 16), (2, 2)), "at least 4"),
        (lambda: plane_refinement((16,), (4,)), "two axes"),  # pyright: ignore
        (lambda: sphere_refinement(21, 42), "below the fine one"),
    ],
)
def test_grids_that_do_not_refine_are_refused(call, said):
    with pytest.raises(BadSpec, match=said):
        call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: PLANE.filled(jnp.zeros((9, 6, 1))), "6 x 9"),
        (lambda: PLANE.filled(jnp.zeros((6, 9))), "last axis of one"),
        (lambda: PLANE.known(jnp.zeros((6, 9, 1))), "fine grid"),
        (lambda: SPHERE.coarsened(jnp.zeros((2, *SPHERE.fine.shape, 1))), "vmap"),
        (lambda: PLANE.filled(jnp.zeros((6, 9, 1), int)), "floating"),
        (lambda: PLANE.filled(jnp.zeros((6, 9, 1), complex)), "real"),
        (lambda: cubic(PLANE, np.zeros((9, 6, 1))), "6 x 9"),
        (lambda: scores(PLANE.fine, *[np.zeros((16, 20, 1))] * 3), "three arrays"),
        (lambda: analogue_variance(*[np.zeros((0, 2))] * 4), "at least one"),
        (lambda: analogue_variance(np.zeros((3, 2)), np.zeros((2, 1)), *[np.zeros((1, 2))] * 2), "as many"),
    ],
)
def test_hostile_shapes_are_refused(call, said):
    with pytest.raises(BadData, match=said):
        call()
