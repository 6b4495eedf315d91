"""Our Swin encoder on timm's weights gives timm's features: against timm itself, where it and PyTorch are installed.

`tests/oracles/test_swin.py` holds the encoder against timm's stored answers in every run.
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.sidert.swin import SIZES, SwinPlan, as_published
from gnomon.learners.sidert.swin_weights import read_swin

pytestmark = pytest.mark.torch

CLOSE = 1e-4  # of the largest feature of a map; both sides compute in single precision
SMALL = SwinPlan(24, (2, 4, 2), (2, 4, 8))  # 112 pixels: maps of 28, 14 and 7 tokens, windows of 7


def timm_model(plan, sides):
    """Any weights but those of a new model, whose biases are zero and whose gains are one."""
    torch, timm = pytest.importorskip("torch"), pytest.importorskip("timm")
    torch.manual_seed(3)
    torch.set_num_threads(1)
    model = timm.create_model(
        "swin_tiny_patch4_window7_224", pretrained=False, embed_dim=plan.width, depths=plan.depths,
        num_heads=plan.heads, img_size=sides,
    ).eval()  # fmt: skip
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.05 * torch.randn_like(value))
    return torch, model


def saved(model, folder):
    stable = pytest.importorskip("safetensors.torch")
    stable.save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "swin.safetensors")
    return folder / "swin.safetensors"


def gaps(torch, model, encoder, sides):
    """Of each map the largest difference from timm's, in parts of the largest feature of timm's map."""
    image = np.random.default_rng(0).standard_normal((*sides, 3)).astype(np.float32)
    with torch.no_grad():
        x = torch.from_numpy(image.transpose(2, 0, 1))[None]
        maps = model.forward_intermediates(x, output_fmt="NCHW", intermediates_only=True)
        theirs = [f[0].numpy().transpose(1, 2, 0) for f in maps[:-1]] + [model.forward_features(x)[0].numpy()]
    with jax.enable_x64(False):
        ours = [np.asarray(f) for f in eqx.filter_jit(encoder)(jnp.asarray(image))]
    assert [a.shape for a in ours] == [b.shape for b in theirs]
    return [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(ours, theirs, strict=True)]


@pytest.mark.parametrize(
    ("plan", "sides"),
    [
        (SMALL, (112, 112)),
        (
            SMALL,
            (240, 320),
        ),  # maps of 60 x 80, 30 x 40 and 15 x 20 tokens, those of 480 x 640 after its first stage
        pytest.param(SIZES["tiny"], (224, 224), marks=pytest.mark.slow),
        pytest.param(SIZES["tiny"], (480, 640), marks=pytest.mark.slow),
        pytest.param(SIZES["tiny"], (352, 1216), marks=pytest.mark.slow),
    ],
)
def test_every_scale_is_timms(plan, sides, tmp_path):
    torch, model = timm_model(plan, sides)
    assert max(gaps(torch, model, read_swin(saved(model, tmp_path), as_published(plan)), sides)) < CLOSE


def test_a_shift_that_is_left_out_is_seen(tmp_path):
    torch, model = timm_model(SMALL, (112, 112))
    encoder = read_swin(saved(model, tmp_path), SMALL)
    block = dataclasses.replace(encoder.stages[0][1], shifted=False)
    still = eqx.tree_at(lambda tree: tree.stages[0][1], encoder, block)
    assert gaps(torch, model, still, (112, 112))[0] > 100 * CLOSE


def test_padding_that_is_masked_is_seen(tmp_path):
    torch, model = timm_model(SMALL, (240, 320))
    assert min(gaps(torch, model, read_swin(saved(model, tmp_path), SMALL), (240, 320))) > 100 * CLOSE
