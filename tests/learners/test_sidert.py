"""SideRT's parts against slow and plain ways to say the same; hostile files of weights."""

import dataclasses
import json
import zipfile
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core import persist
from gnomon.learners.sidert import swin, token_layers, window_attention
from gnomon.learners.sidert.cross_scale_attention import new_cross_scale_attention
from gnomon.learners.sidert.learner import new_depth_network
from gnomon.learners.sidert.network import depth_of, new_network, normalised
from gnomon.learners.sidert.swin import SIZES, SwinPlan, as_published, new_swin, padded_image
from gnomon.learners.sidert.swin_weights import _targets, read_swin
from gnomon.learners.sidert.token_layers import doubled_smoothly
from gnomon.learners.sidert.window_attention import (
    attend_in_windows,
    from_windows,
    new_window_attention,
    regions,
    relative_positions,
    to_windows,
)
from gnomon.numerics.safetensors import read_safetensors
from gnomon.spec.errors import BadData, BadSpec, UnknownName
from gnomon.training.depth_loss import scale_invariant_log_loss

PLAN = SwinPlan(8, (2, 1, 1), (2, 2, 4), window=4)


def rng(seed=0):
    return np.random.default_rng(seed)


def attended_by_hand(attention, x, shift):
    """Each token's neighbours are found one by one: same window of the shifted grid, and nothing beyond the rim."""
    side, (rows, columns, channels) = attention.side, x.shape
    weights, table = np.asarray(attention.qkv.weights), np.asarray(attention.bias_table)
    qkv = (x @ weights + np.asarray(attention.qkv.bias)).reshape(rows, columns, 3, attention.heads, -1)
    out = np.zeros((rows, columns, attention.heads, channels // attention.heads))
    cell = lambda n, moved: (n - moved) // side  # noqa: E731  the window of a row; moved by a shift there is one more
    for i in range(rows):
        for j in range(columns):
            near = [
                (a, b)
                for a in range(rows)
                for b in range(columns)
                if cell(a, shift[0]) == cell(i, shift[0]) and cell(b, shift[1]) == cell(j, shift[1])
            ]
            for h in range(attention.heads):
                q = qkv[i, j, 0, h] / np.sqrt(channels // attention.heads)
                offsets = [(i - a + side - 1) * (2 * side - 1) + (j - b + side - 1) for a, b in near]
                scores = np.array([q @ qkv[a, b, 1, h] for a, b in near]) + table[offsets, h]
                share = np.exp(scores - scores.max())
                out[i, j, h] = share @ np.array([qkv[a, b, 2, h] for a, b in near]) / share.sum()
    flat = out.reshape(rows, columns, channels)
    return flat @ np.asarray(attention.proj.weights) + np.asarray(attention.proj.bias)


@pytest.mark.parametrize("shape", [(6, 9), (3, 7)])
def test_windows_are_those_of_a_plain_search(shape):
    attention = new_window_attention(8, 2, 4, rng())
    attention = jax.tree.map(lambda a: jnp.asarray(np.asarray(a, np.float64) * 10), attention)
    x = rng(1).standard_normal((*shape, 8))
    shift = tuple(2 if n > 4 else 0 for n in shape)
    for shifted, moved in ((False, (0, 0)), (True, shift)):
        look = eqx.filter_jit(partial(attend_in_windows, shifted=shifted))
        found = np.asarray(look(attention, jnp.asarray(x)))
        np.testing.assert_allclose(found, attended_by_hand(attention, x, moved), atol=1e-10)
    assert not np.allclose(found, attended_by_hand(attention, x, (0, 0)))  # the check can fail


def test_padding_is_seen_along_axes_of_a_window_or_more():
    # of the first shape timm's windows are 3 x 4, those of the second are whole
    for shape, shift in (((3, 8), (0, 2)), ((8, 8), (2, 2))):
        (padded, masked), (same, seen) = (regions(shape, 4, shift, p) for p in ("masked", "seen"))
        assert padded == same
        assert (masked == seen).all()
    masked, seen = (regions((6, 5), 4, (0, 0), p)[1] for p in ("masked", "seen"))
    assert (masked == 4).sum() == 64 - 30
    assert seen is None
    # timm takes the last half window for what was wrapped, wherever padding has put that
    assert regions((5, 8), 4, (2, 0), "seen")[1].reshape(2, 2, 4, 4)[1, 0, :, 0].tolist() == [0, 0, 2, 2]
    assert regions((5, 8), 4, (2, 0))[1].reshape(2, 2, 4, 4)[1, 0, :, 0].tolist() == [4, 4, 2, 2]


def test_windows_are_cut_and_joined():
    x = jnp.arange(6 * 9 * 2.0).reshape(6, 9, 2)
    cut = to_windows(x, 3)
    assert cut.shape == (6, 9, 2)
    assert (cut[1, 0] == x[0, 3]).all()
    assert (from_windows(cut, 3, 6, 9) == x).all()
    index = relative_positions(3)
    assert (index.min(), index.max()) == (0, 24)
    assert len(set(np.diag(index))) == 1


def test_doubling_is_that_of_an_image_library():
    x = jnp.asarray(rng().standard_normal((5, 3, 2)))
    np.testing.assert_allclose(
        jax.jit(doubled_smoothly)(x), jax.image.resize(x, (10, 6, 2), "bilinear"), atol=1e-12
    )


def test_attention_across_scales_reads_meaning_and_not_place():
    module = jax.tree.map(
        lambda a: jnp.asarray(np.asarray(a, np.float64)), new_cross_scale_attention(8, 2, 1, rng())
    )
    look = eqx.filter_jit(lambda module, fine, coarse: module(fine, coarse))
    fine, coarse = (jnp.asarray(rng(n).standard_normal(s)) for n, s in ((1, (4, 6, 8)), (2, (2, 3, 8))))
    out = look(module, fine, coarse)
    assert out.shape == fine.shape
    moved = look(module, fine, coarse[::-1, ::-1])
    np.testing.assert_allclose(moved, out, atol=1e-12)
    assert not np.allclose(look(module, fine[::-1], coarse), out)
    # One coarse cell: whatever is asked, its value is the answer.
    pooled = look(dataclasses.replace(module, pool=2), fine, coarse[:, :2])
    cell = module.coarse_norm(coarse[:, :2].mean((0, 1)))
    np.testing.assert_allclose(pooled, jnp.broadcast_to(module.value(cell), fine.shape), atol=1e-12)


@pytest.mark.parametrize("decoder", ["sidert", "plain", "dpt"])
def test_any_size_goes_through(decoder):
    network = new_network(PLAN, decoder, seed=0, width=8, outputs=2)
    image = jnp.asarray(rng().uniform(size=(21, 34, 3)), jnp.float32)
    assert jax.eval_shape(network, image).shape == (21, 34, 2)
    assert padded_image(image, PLAN.stride).shape == (32, 48, 3)
    with pytest.raises(BadData, match="multiples of 16"):
        network.encoder(image)


def test_ablations_leave_out_what_they_say():
    whole, plain = (new_network(PLAN, d, seed=0, width=8).decoder for d in ("sidert", "plain"))
    no_attention = new_network(PLAN, "sidert", seed=0, width=8, attend=False).decoder
    assert (len(whole.attentions), len(whole.refinements)) == (2, 2)
    assert (len(no_attention.attentions), len(no_attention.refinements)) == (0, 2)
    assert (len(plain.attentions), len(plain.refinements)) == (0, 0)
    assert [a.pool for a in whole.attentions] == [2, 1]


def test_names_and_sizes_that_do_not_fit_say_so():
    for call in (lambda: new_network("huge", "sidert", seed=0), lambda: new_network(PLAN, "magic", seed=0)):
        with pytest.raises(UnknownName):
            call()
    for plan in (dataclasses.replace(PLAN, heads=(3, 2, 4)), dataclasses.replace(PLAN, heads=(2, 2))):
        with pytest.raises(BadSpec):
            new_swin(plan, rng())
    with pytest.raises(BadSpec):
        depth_of(jnp.zeros(3), 0.0, 10.0)


@pytest.mark.parametrize(
    ("size", "parameters"),  # timm's, without the classifier
    [("tiny", 27_519_354), ("small", 48_837_258), ("base", 86_743_224), ("large", 194_995_476)],
)
def test_published_sizes_have_their_parameters(size, parameters, monkeypatch):
    # NumPy would draw all of them; zeros of JAX are only traced
    for module in (swin, token_layers, window_attention):
        monkeypatch.setattr(module, "new_weights", lambda shape, rng, **_: jnp.zeros(shape, jnp.float32))
    shapes = eqx.filter_eval_shape(lambda: new_swin(SIZES[size], rng()))
    assert sum(x.size for x in jax.tree.leaves(shapes)) == parameters


def test_both_kinds_of_plan_are_stored():
    for plan, padding in ((PLAN, "masked"), (as_published(PLAN), "seen")):
        again = persist.restore(*persist.dump(plan))
        assert (again, type(again), again.padding) == (plan, type(plan), padding)


def test_depths_stay_between_their_bounds():
    depth = depth_of(jnp.asarray([-50.0, 0.0, 50.0]), 0.5, 50.0)
    np.testing.assert_allclose(depth, [0.5, 5.0, 50.0], rtol=1e-12)
    np.testing.assert_allclose(normalised(jnp.asarray([[[0.485, 0.456, 0.406]]])), 0, atol=1e-12)


def test_the_loss_is_the_formula_and_blind_where_it_should_be():
    p, t = rng(1).uniform(1, 9, (5, 6)), rng(2).uniform(1, 9, (5, 6))
    valid = rng(3).random((5, 6)) < 0.7
    gaps = [np.log(a) - np.log(b) for a, b, v in zip(p.ravel(), t.ravel(), valid.ravel(), strict=True) if v]
    mean = sum(gaps) / len(gaps)
    expected = 10 * np.sqrt(sum(g * g for g in gaps) / len(gaps) - 0.85 * mean**2 + 1e-6)
    args = (jnp.asarray(p), jnp.asarray(t), jnp.asarray(valid))
    assert float(scale_invariant_log_loss(*args)) == pytest.approx(expected, rel=1e-12)
    loss = lambda a, b: float(scale_invariant_log_loss(a, args[1], args[2], balance=b))  # noqa: E731
    assert loss(3 * args[0], 1.0) == pytest.approx(loss(args[0], 1.0), rel=1e-9)
    assert loss(3 * args[1], 0.85) > 1
    hidden = jnp.where(args[2], args[0], jnp.nan)
    gradient = jax.grad(lambda a: scale_invariant_log_loss(a, jnp.where(args[2], args[1], 0), args[2]))(
        hidden
    )
    assert bool(jnp.isfinite(gradient).all())
    nothing = jax.grad(lambda a: scale_invariant_log_loss(a, args[1], jnp.zeros_like(args[2])))(args[0])
    assert not nothing.any()


def stored(path, arrays):
    """A file in the format, by hand."""
    header, body = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        kind = {"f": "F", "i": "I"}[array.dtype.kind] + str(8 * array.dtype.itemsize)
        header[name] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    write(path, header, body)


def write(path, header, body):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + body)


def entry(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)} | more


def test_arrays_of_a_file_come_back(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float64([[1.5]]), "c": np.arange(3)}
    stored(tmp_path / "x.safetensors", arrays)
    found = read_safetensors(tmp_path / "x.safetensors", skip=lambda name: name == "c")
    assert found.keys() == {"a", "b"}
    assert all((found[k] == arrays[k]).all() and found[k].dtype == arrays[k].dtype for k in found)
    write(tmp_path / "y.safetensors", {"z": entry("BF16", (2,), (0, 4))}, b"\x80\x3f\xc0\xbf")
    assert read_safetensors(tmp_path / "y.safetensors")["z"].tolist() == [1.0, -1.5]


HOSTILE = {
    "empty": b"",
    "short": b"\x05\x00",
    "a header longer than the file": (2**60).to_bytes(8, "little") + b"{}",
    "not JSON": (b"{no", b""),
    "not text": (b"\xff\xfe", b""),
    "deep": (b"[" * 200_000, b""),
    "a list": ([], b""),
    "no shape": ({"a": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8)),
    "a strange dtype": ({"a": entry("F31")}, bytes(8)),
    "a negative shape": ({"a": entry(shape=(-2, -1))}, bytes(8)),
    "a true in the shape": ({"a": entry(shape=(True, 2))}, bytes(8)),
    "a huge shape": ({"a": entry(shape=(2**40, 2**40))}, bytes(8)),
    "numbers whose product never ends": ({"a": entry(shape=(10**4000,) * 400)}, bytes(8)),
    "a number of too many digits": (
        b'{"a": {"dtype": "F32", "shape": [' + b"9" * 5000 + b'], "data_offsets": [0, 0]}}',
        b"",
    ),
    "nothing times too much": ({"a": entry(shape=(0, 2**47, 2**47), offsets=(0, 0))}, b""),
    "a hundred axes": ({"a": entry(shape=(1,) * 100, offsets=(0, 4))}, bytes(4)),
    "offsets beyond the end": ({"a": entry(offsets=(0, 8))}, bytes(4)),
    "offsets backwards": ({"a": entry(shape=(0,), offsets=(8, 8))}, bytes(8)),
    "an overlap": ({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
    "a gap": ({"a": entry(offsets=(4, 12))}, bytes(12)),
    "more bytes": ({"a": entry()}, bytes(12)),
    "a name twice": (b'{"a": {}, "a": {}}', b""),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused(what, tmp_path):
    path = tmp_path / "x.safetensors"
    if isinstance(HOSTILE[what], bytes):
        path.write_bytes(HOSTILE[what])
    else:
        write(path, *HOSTILE[what])
    with pytest.raises(BadData, match=r"x\.safetensors"):
        read_safetensors(path)


def test_archives_of_what_is_no_array_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as packed:
        packed.writestr("patch_embed.proj.weight.npy", b"not an array")
    with pytest.raises(BadData, match=r"x\.npz"):
        read_swin(tmp_path / "x.npz", PLAN)


def weights():
    shapes = {name: shape for name, (_, shape) in _targets(new_swin(PLAN, rng())).items()}
    return {name: rng(len(name)).standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def test_an_encoder_from_a_file_sees_its_padding_as_published_and_a_new_one_does_not(tmp_path):
    plan = SIZES["mini"]
    shapes = {name: shape for name, (_, shape) in _targets(new_swin(plan, rng())).items()}
    np.savez(tmp_path / "x.npz", **{name: np.zeros(shape, np.float32) for name, shape in shapes.items()})
    path = str(tmp_path / "x.npz")
    read = new_depth_network("mini", "plain", seed=0, positions=False, weights=path)
    assert read.encoder.plan.padding == "seen"
    assert new_depth_network("mini", "plain", seed=0).encoder.plan.padding == "masked"


def test_weights_arrive_where_they_belong(tmp_path):
    arrays = weights()
    extra = {
        "head.fc.weight": np.zeros((2, 2), np.float32),
        "layers.0.blocks.1.attn_mask": np.zeros(2, np.float32),
    }
    stored(tmp_path / "x.safetensors", arrays | extra)
    np.savez(tmp_path / "x.npz", **arrays)
    encoder, again = (read_swin(tmp_path / name, PLAN) for name in ("x.safetensors", "x.npz"))
    leaves = zip(jax.tree.leaves(encoder), jax.tree.leaves(again), strict=True)
    assert all(np.array_equal(a, b) for a, b in leaves)
    encoder = jax.tree.map(np.asarray, encoder)
    kernel = arrays["patch_embed.proj.weight"]
    assert encoder.embed.weights[(1 * 4 + 2) * 3 + 0, 5] == kernel[5, 0, 1, 2]
    inner = encoder.stages[0][1].perceptron.inner.weights
    assert (inner == arrays["layers.0.blocks.1.mlp.fc1.weight"].T).all()
    assert (encoder.merges[1].weights == arrays["layers.2.downsample.reduction.weight"].T).all()
    old = {
        n.replace("layers.1.down", "layers.0.down").replace("layers.2.down", "layers.1.down"): a
        for n, a in arrays.items()
    }
    stored(tmp_path / "old.safetensors", old)
    older = read_swin(tmp_path / "old.safetensors", PLAN)
    assert np.array_equal(older.merges[1].weights, encoder.merges[1].weights)


@pytest.mark.parametrize("what", ["missing", "unknown", "shape", "dtype", "nan", "pickle", "none", "not npz"])
def test_weights_that_do_not_fit_are_named(what, tmp_path):
    arrays, path, name = weights(), tmp_path / "x.safetensors", "layers.0.blocks.0.mlp.fc1.bias"
    match what:
        case "missing":
            del arrays[name]
        case "unknown":
            arrays["layers.7.magic"] = np.zeros(2, np.float32)
        case "shape":
            arrays[name] = arrays[name][:-1]
        case "dtype":
            arrays[name] = arrays[name].astype(np.int64)
        case "nan":
            arrays[name][3] = np.nan
    if what == "pickle":
        path = tmp_path / "x.pth"
        path.write_bytes(b"\x80\x04.")
    elif what == "not npz":
        path = tmp_path / "x.npz"
        path.write_bytes(b"PK\x03\x04 and no more")
    elif what != "none":
        stored(path, arrays)
    with pytest.raises(BadData) as said:
        read_swin(path, PLAN)
    if what in ("missing", "shape", "dtype", "nan"):
        assert name in str(said.value)
