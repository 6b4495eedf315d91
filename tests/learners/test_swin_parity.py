"""Our Swin encoder on timm's weights gives timm's features (needs PyTorch and timm: pip install torch timm)."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.sidert.swin import SIZES, SwinPlan
from gnomon.learners.sidert.swin_weights import read_swin

pytestmark = pytest.mark.torch

SMALL = SwinPlan(24, (2, 4, 2), (2, 4, 8))  # 112 pixels: maps of 28, 14 and 7 tokens, windows of 7


def timm_model(name, **options):
    torch, timm = pytest.importorskip("torch"), pytest.importorskip("timm")
    torch.manual_seed(3)
    torch.set_num_threads(1)
    model = timm.create_model(name, pretrained=False, **options).eval()
    with torch.no_grad():  # away from the biases of zero and gains of one that a new model has
        for value in model.parameters():
            value.add_(0.05 * torch.randn_like(value))
    return torch, model


def saved(model, folder):
    stable = pytest.importorskip("safetensors.torch")
    stable.save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "swin.safetensors")
    return folder / "swin.safetensors"


def both(torch, model, encoder, pixels):
    image = np.random.default_rng(0).standard_normal((pixels, pixels, 3)).astype(np.float32)
    with torch.no_grad():
        x = torch.from_numpy(image.transpose(2, 0, 1))[None]
        maps = model.forward_intermediates(x, output_fmt="NCHW", intermediates_only=True)
        theirs = [f[0].numpy().transpose(1, 2, 0) for f in maps]
        final = model.forward_features(x)[0].numpy()
    with jax.enable_x64(False):
        ours = [np.asarray(f) for f in eqx.filter_jit(encoder)(jnp.asarray(image))]
    return ours, [*theirs[:-1], final]


@pytest.mark.parametrize(
    ("name", "plan", "pixels"),
    [
        ("swin_tiny_patch4_window7_224", SMALL, 112),
        pytest.param("swin_tiny_patch4_window7_224", SIZES["tiny"], 224, marks=pytest.mark.slow),
    ],
)
def test_every_scale_is_timms(name, plan, pixels, tmp_path):
    options = {} if pixels == 224 else {
        "embed_dim": plan.width, "depths": plan.depths, "num_heads": plan.heads, "img_size": pixels,
    }  # fmt: skip
    torch, model = timm_model(name, **options)
    ours, theirs = both(torch, model, read_swin(saved(model, tmp_path), plan), pixels)
    assert [a.shape for a in ours] == [a.shape for a in theirs]
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4 * max(1, np.abs(b).max()))


def test_a_shift_that_is_left_out_is_seen(tmp_path):
    torch, model = timm_model(
        "swin_tiny_patch4_window7_224",
        embed_dim=SMALL.width,
        depths=SMALL.depths,
        num_heads=SMALL.heads,
        img_size=112,
    )
    path = saved(model, tmp_path)
    encoder = read_swin(path, SMALL)
    block = dataclasses.replace(encoder.stages[0][1], shifted=False)
    still = eqx.tree_at(lambda tree: tree.stages[0][1], encoder, block)
    ours, theirs = both(torch, model, still, 112)
    assert np.abs(ours[0] - theirs[0]).max() > 1e-2
