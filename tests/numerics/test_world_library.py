"""Libraries of terms: which a world has, and that terms of a plane are what their names say."""

import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from gnomon.numerics.layers import coupling, layer_advection, layer_products, mean_flow, stream_functions
from gnomon.numerics.plane_spectral import Plane, resized
from gnomon.numerics.plane_terms import layer_terms, point_terms, vorticity_terms
from gnomon.numerics.relevance_vectors import relevance_regression
from gnomon.numerics.term_search import rivals_of, search_terms, squares, squares_left, weights_of
from gnomon.numerics.world_library import NoLibrary, Term, library_of, terms_of
from gnomon.spec.registry import build

LENGTH = 2 * np.pi


def by_name(columns):
    return dict(zip(columns.labels, np.moveaxis(columns.values, -1, 0), strict=True))


def test_terms_of_a_vorticity_are_derivatives_and_a_jacobian():
    y, x = np.meshgrid(*2 * [LENGTH * np.arange(16) / 16], indexing="ij")
    w = (np.sin(x) + np.cos(2 * y))[None]  # psi = -sin x - cos(2 y) / 4
    found = by_name(vorticity_terms(w, LENGTH))
    np.testing.assert_allclose(found["Lap w"][0], -np.sin(x) - 4 * np.cos(2 * y), atol=1e-12)
    np.testing.assert_allclose(found["Lap^2 w"][0], np.sin(x) + 16 * np.cos(2 * y), atol=1e-11)
    np.testing.assert_allclose(found["psi_x"][0], -np.cos(x), atol=1e-13)
    np.testing.assert_allclose(found["w_x"][0], np.cos(x), atol=1e-13)
    jacobian = -np.cos(x) * -2 * np.sin(2 * y) - np.sin(2 * y) / 2 * np.cos(x)
    # a wave that the field does not hold is left out of all its terms: here all of the Jacobian
    assert np.abs(jacobian).max() > 1
    np.testing.assert_allclose(found["J(psi, w)"][0], 0, atol=1e-12)


def test_terms_of_layers_are_those_of_the_equations():
    """What the solver computes from the same vorticities: all its terms but drag are sums of the library's."""
    points, radius, ratio, shear, beta = 16, 0.4, 0.3, 0.7, 1.3
    rng = np.random.default_rng(0)
    plane = Plane(24, LENGTH, points // 2 - 1)
    q = plane.mask * plane.to_modes(resized(jnp.asarray(rng.standard_normal((2, points, points))), 24))
    q = q.at[:, 0, 0].set(0)
    hold = coupling(jnp.asarray(radius), jnp.asarray(ratio))
    psi = stream_functions(plane, q, hold)
    fields = plane.to_grid(plane.winds(psi))
    advected = layer_advection(plane, plane.to_modes(layer_products(fields[:, 0], fields[:, 1])), hold)
    moved = mean_flow(plane, q, psi, hold, shear=jnp.asarray(shear), beta=jnp.asarray(beta))
    seen = np.asarray(resized(plane.to_grid(jnp.stack([q, advected, moved])), points))
    upper, lower = layer_terms(seen[0, :1], seen[0, 1:], LENGTH, radius=radius, ratio=ratio)
    one, two = by_name(upper), by_name(lower)
    np.testing.assert_allclose(-one["J(psi1, q1)"][0], seen[1, 0], atol=1e-11)
    np.testing.assert_allclose(-two["J(psi2, q2)"][0], seen[1, 1], atol=1e-11)
    f1 = 1 / radius**2 / (1 + ratio)
    np.testing.assert_allclose(
        -shear * one["q1_x"][0] - (beta + f1 * shear) * one["psi1_x"][0], seen[2, 0], atol=1e-11
    )
    np.testing.assert_allclose(-(beta - ratio * f1 * shear) * two["psi2_x"][0], seen[2, 1], atol=1e-11)
    np.testing.assert_allclose(
        seen[0, 0] - one["Lap psi1"][0], -(ratio**-1) * (seen[0, 1] - two["Lap psi2"][0]), atol=1e-11
    )


def test_products_at_a_point_are_formed_without_aliasing():
    x = LENGTH * np.arange(16) / 16
    u = np.broadcast_to(np.cos(2 * x), (1, 16, 16))
    found = by_name(point_terms({"u": u, "v": 0 * u + np.sin(2 * x)}, LENGTH)["u"])
    assert {"1", "u", "v", "u u v", "Lap u", "Lap v"} <= set(found)
    # cos^3 2x = 3/4 cos 2x + 1/4 cos 6x, of which u holds the first wave; aliasing would add to it
    np.testing.assert_allclose(found["u u u"][0], 0.75 * u[0], atol=1e-13)
    np.testing.assert_allclose(found["1"], 1, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "args", "some"),
    [
        ("lorenz63", {}, {("z", "z"), ("y", "x z"), ("x", "x x y")}),
        ("lorenz96", {"n": 12}, {("x", "1"), ("x", "x[-2] x[-1]")}),
        ("random_network", {"n": 20, "seen": 4}, {("x", "x"), ("x", "x x x")}),
        ("burgers", {}, {("u", "u u_x"), ("push_1", "push_2 push_3")}),
        ("two_layer", {"points": 16}, {("q1", "psi1_x"), ("q2", "Lap psi2"), ("q2", "J(psi2, q2)")}),
        ("navier_stokes", {"grid": 32}, {("w", "Lap w")}),
        ("gray_scott", {"points": 12}, {("v", "u v v"), ("v", "Lap v")}),
    ],
)
def test_worlds_have_their_libraries(name, args, some):
    terms = terms_of(build("worlds", name, args).card)
    assert {Term(*t) for t in some} <= set(terms)
    assert len(terms) == len(set(terms)) <= 220


def test_a_sphere_has_none_and_neither_have_fields_beside_other_things():
    card = build("worlds", "two_layer", {"points": 16}).card
    with pytest.raises(NoLibrary, match="rung 'sphere'"):
        library_of(msgspec.structs.replace(card, rung="sphere"))
    beside = msgspec.structs.replace(card.variables[0], name="t", shape=(), dims=())
    with pytest.raises(NoLibrary, match="beside other variables"):
        library_of(msgspec.structs.replace(card, variables=(*card.variables, beside)))


def test_triangles_stand_for_their_rows():
    rng = np.random.default_rng(1)
    columns = rng.standard_normal((6, 200, 5)) * np.array([1e-6, 1, 1, 1e4, 1])
    target = 3e6 * columns[..., 0] - columns[..., 2] + 0.1 * rng.standard_normal((6, 200))
    rows = np.concatenate([columns, target[..., None]], axis=-1)
    triangles = np.linalg.qr(rows, mode="r")
    plain = relevance_regression(columns.reshape(-1, 5), target.ravel(), least=0.03)
    found = search_terms(triangles, 1200, least=0.03, sigmas=4.0)
    for one, other in zip(found[:4], plain[:4], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    terms = (0, 2)
    assert tuple(np.flatnonzero(found.kept)) == terms
    weights = weights_of(triangles, terms)
    np.testing.assert_allclose(squares(triangles), (target**2).sum(1))
    left = target - columns[..., list(terms)] @ weights
    np.testing.assert_allclose(squares_left(triangles, terms, weights), (left**2).sum(1))
    assert len(rivals_of(triangles, terms)) == 2
    assert all(set(r) != set(terms) and len(r) == 2 for r in rivals_of(triangles, terms))
