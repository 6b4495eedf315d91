"""Learners of the scene rung: their contract, what they train on, and the shipped weights' file."""

import functools
import hashlib
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.learner import Data
from gnomon.learners.depth_baselines import LinearDepth, MeanDepth, features, mean_map
from gnomon.learners.shipped_sidert import ShippedSideRT
from gnomon.learners.sidert.decoders import Convolution
from gnomon.learners.sidert.depth_model import (
    AtTrainedSize,
    NetworkDepth,
    Reach,
    fitting_size,
    places,
    resized,
)
from gnomon.learners.sidert.depth_training import DepthJudge, DepthLoss, augmented
from gnomon.learners.sidert.learner import SideRT, new_depth_network
from gnomon.learners.sidert.pictures import Pictures, fields_of, pictures_of, reach_of
from gnomon.learners.sidert.shipped import COMMAND, WEIGHTS, depth_of, load_shipped, read_model, save_model
from gnomon.spec.errors import BadData, BadSpec, UnknownName
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from gnomon.training.depth_loss import scale_invariant_log_loss

ROWS, COLUMNS = 16, 32
KEY = jax.random.key(0)


@pytest.fixture(scope="module", autouse=True)
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def world():
    return build("worlds", "scene", {"rows": ROWS, "columns": COLUMNS})


@pytest.fixture(scope="module")
def data(world) -> Data:
    """Not rendered: floors of random brightness whose depth follows place and colour, under two rows of sky."""
    rng = np.random.default_rng(0)
    shape = (10, 3, ROWS, COLUMNS)
    colour = rng.uniform(0.2, 0.8, (3, *shape))
    down = np.linspace(-1, 1, ROWS)[:, None]
    depth = np.exp(1.5 - 0.8 * down + 0.6 * colour[0])
    depth[..., :2, :] = 0.0
    obs = dict(zip(("red", "green", "blue"), colour, strict=True)) | {"depth": depth}
    return Data(
        obs=obs, forcing={k.name: rng.uniform(k.low, k.high, (10, 3)) for k in world.card.knobs},
        time=np.arange(3.0), train=np.arange(8), validation=np.arange(8, 10), card=world.card,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("learner", [MeanDepth(), LinearDepth()])
def test_baselines_keep_the_contract(learner, world, data):
    check_learner(learner, world, data, eager=False, key=KEY)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("sidert", {}),
        ("sidert", {"decoder": "dpt", "positions": False}),
        ("sidert", {"attention": False}),
        ("depth_unet", {"width": 4, "levels": 2}),
    ],
)
def test_networks_keep_the_contract(name, args, world, data):
    check_learner(build("learners", name, {"updates": 2, "batch": 2, **args}), world, data, key=KEY)


@pytest.mark.slow
def test_a_network_learns_what_the_mean_map_cannot(world, data):
    fit = SideRT(updates=150, batch=8).fit(data, key=KEY)
    plain = MeanDepth().fit(data, key=KEY)
    assert fit.log["validation"]["nrmse"] < 0.5 * plain.log["validation"]["nrmse"]


@pytest.mark.skipif(not WEIGHTS.exists(), reason="no weights are shipped")
@pytest.mark.slow
def test_shipped_model_keeps_the_contract(world, data):
    check_learner(build("learners", "shipped_sidert"), world, data, eager=False, key=KEY)


def test_the_linear_map_finds_the_line(data):
    """ln d is linear in place and red: it is found, and the mean map cannot."""
    linear, mean = (
        learner.fit(data, key=KEY).log["validation"]["nrmse"] for learner in (LinearDepth(), MeanDepth())
    )
    assert linear < 1e-4
    assert mean > 0.05


def test_the_mean_map_is_geometric_and_leaves_sky_out():
    depth = jnp.asarray([[[2.0, 0.0]], [[8.0, 0.0]]])
    pictures = Pictures(jnp.zeros((2, 1, 2, 3)), depth)
    np.testing.assert_allclose(
        np.exp(mean_map(pictures).logs), [[4.0, 4.0]]
    )  # the second has none: the mean of all


def test_places_and_features():
    at = np.asarray(places(2, 4, jnp.float64))
    np.testing.assert_allclose(at[0, 0], [-0.5, -0.75])
    np.testing.assert_allclose(at[1, 3], [0.5, 0.75])
    assert features(jnp.zeros((2, 4, 3))).shape == (2, 4, 8)


def test_picture_and_depth_are_mirrored_together():
    depth = jnp.broadcast_to(jnp.arange(1.0, 6.0), (40, 2, 5))
    images = jnp.broadcast_to(depth[..., None], (40, 2, 5, 3))
    made, map_ = augmented(images, depth, jnp.asarray(0.0), key=KEY)
    np.testing.assert_array_equal(made[..., 0], map_)
    mirrored = np.asarray(map_[:, 0, 0]) == 5.0
    assert 8 < mirrored.sum() < 32
    np.testing.assert_array_equal(np.asarray(map_)[mirrored], np.asarray(depth)[mirrored][:, :, ::-1])
    gained = np.asarray(augmented(images, depth, jnp.asarray(0.1), key=KEY)[0]) / np.asarray(made)
    assert np.ptp(gained, axis=(1, 2)).max() < 1e-12  # one gain a colour and picture
    assert 0.05 < np.log(gained[:, 0, 0]).std() < 0.2


class _Flat(eqx.Module):
    """Always the same depth."""

    level: jax.Array

    def __call__(self, image):
        return jnp.full(image.shape[:2], 1.0) * self.level


def test_the_loss_is_that_of_the_literature_on_judged_pixels():
    depth = jnp.asarray([[[1.0, 2.0, 0.0], [4.0, 300.0, 0.05]]])
    pictures = Pictures(jnp.zeros((1, 2, 3, 3)), depth)
    loss, _ = DepthLoss(jnp.asarray(0.0))(_Flat(jnp.asarray(3.0)), (), pictures, jnp.zeros(1, int), 0.0, KEY)
    valid = jnp.asarray([[True, True, False], [True, False, False]])
    expected = scale_invariant_log_loss(jnp.full((2, 3), 3.0), jnp.where(valid, depth[0], 1.0), valid)
    np.testing.assert_allclose(loss, expected)
    assert DepthJudge(pictures)(_Flat(jnp.asarray(2.0))).nrmse == pytest.approx((1 + 0 + 0.5) / 3)
    lost = DepthJudge(pictures)(_Flat(jnp.asarray(np.nan)))
    assert lost.diverged == 1.0


def test_worlds_without_pictures_are_refused(data):
    with jax.enable_x64(True):
        card = build("worlds", "lorenz63").card
    with pytest.raises(BadSpec, match="choose the world `scene`"):
        fields_of(card, "sidert")
    assert fields_of(data.card, "sidert") == (("red", "green", "blue"), "depth")
    empty = data._replace(obs=data.obs | {"depth": np.zeros_like(data.obs["depth"])})
    with pytest.raises(BadData, match="no pixel"):
        reach_of(pictures_of(empty, "sidert"), "sidert")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"size": "huge"}, "no size 'huge'"),
        ({"decoder": "fancy"}, "no decoder 'fancy'"),
        ({"decoder": "plain", "attention": False}, "neither attention nor refinement"),
        ({"weights": "x.npz"}, "set positions = false"),
        ({"updates": 0}, "must be at least 1"),
    ],
)
def test_wrong_settings_are_refused(args, says, data):
    with pytest.raises((BadSpec, UnknownName), match=says):
        SideRT(**args).fit(data, key=KEY)


@functools.cache
def _model() -> NetworkDepth:
    return NetworkDepth(new_depth_network("mini", "sidert", seed=0), Reach(0.5, 50.0, ROWS, COLUMNS))


@pytest.mark.slow
def test_weights_come_back_in_single_precision(tmp_path):
    path = tmp_path / "weights.npz"
    model = _model()
    save_model(model, {"updates": 3}, path)
    back, told = read_model(path)
    assert told == {"updates": 3}
    assert path.stat().st_size < 2e6
    assert jax.tree.structure(back) == jax.tree.structure(model)
    for one, two in zip(jax.tree.leaves(model), jax.tree.leaves(back), strict=True):
        assert two.dtype == jnp.float32
        np.testing.assert_array_equal(np.float16(one), np.asarray(two))


def test_a_file_that_is_missing_or_another_is_said(tmp_path):
    with pytest.raises(BadData, match="--ship") as told:
        load_shipped(tmp_path / "none.npz")
    assert COMMAND in str(told.value)
    (tmp_path / "text.npz").write_text("no weights")
    with pytest.raises(BadData, match="not a file of weights"):
        load_shipped(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", plain=json.dumps({"told": {}}))
    with pytest.raises(BadData):
        load_shipped(tmp_path / "other.npz")
    whole = tmp_path / "cut.npz"
    save_model(_model(), {}, whole)
    whole.write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(BadData, match="not a file of weights"):
        load_shipped(whole)


def test_what_is_no_picture_is_refused():
    model = _model()
    for images, says in (
        (np.zeros((4, 4, 3)), "shape"), (np.zeros((1, 4, 4, 4)), "shape"), (np.zeros((1, 4, 4, 3), np.uint8), "255"),
        (np.full((1, 4, 4, 3), np.nan), "finite"),
    ):  # fmt: skip
        with pytest.raises(BadData, match=says):
            depth_of(model, images)


def test_sizes_keep_the_ratio_of_the_sides():
    reach = Reach(0.5, 50.0, 48, 64)
    assert fitting_size(reach, 480, 640, 16) == (48, 64)
    assert fitting_size(reach, 64, 48, 16) == (64, 48)
    assert fitting_size(reach, 3, 4000, 16) == (16, 2016)
    with pytest.raises(BadData):
        fitting_size(reach, 0, 10, 16)
    ramp = jnp.broadcast_to(jnp.arange(8.0), (4, 8))
    np.testing.assert_allclose(resized(ramp, 2, 4)[0, 1:3], [2.5, 4.5])  # averaged, not picked


@pytest.mark.slow
def test_any_size_of_picture_has_a_depth_of_its_size():
    model = _model()
    found = depth_of(model, np.random.default_rng(0).random((3, 30, 50, 3)))
    assert found.shape == (3, 30, 50)
    np.testing.assert_allclose(found, 5.0, rtol=1e-4)  # untrained: the middle of its reach, sqrt(0.5 x 50)
    same = AtTrainedSize(model)(jnp.ones((ROWS, COLUMNS, 3)))
    np.testing.assert_allclose(same, model(jnp.ones((ROWS, COLUMNS, 3))), rtol=1e-6)


def test_the_shipped_weights_are_those_of_this_version():
    """Other weights are another model: raise the version with them, or stored results of the old are taken up."""
    assert (hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:16], ShippedSideRT.version) == (
        "b9fcc265c15a3967",
        1,
    )


def test_a_convolution_is_the_same_in_a_loop_and_alone():
    rng = np.random.default_rng(0)
    weights, bias = jnp.asarray(rng.normal(size=(3, 3, 4, 5))), jnp.asarray(rng.normal(size=5))
    x = jnp.asarray(rng.normal(size=(6, 7, 4)))
    alone, looped = (Convolution(weights, bias, how)(x) for how in (False, True))
    np.testing.assert_allclose(alone, looped, rtol=1e-12, atol=1e-12)
