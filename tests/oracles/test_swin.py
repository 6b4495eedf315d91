"""The Swin encoder against what timm said of the same weights and pictures."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.sidert.swin import PublishedSwinPlan, SwinPlan, new_swin
from gnomon.learners.sidert.swin_weights import _targets, read_swin
from tests.oracles.swin_cases import CASES, picture, weight

pytestmark = pytest.mark.oracle
PATH = Path(__file__).with_name("swin_reference.npz")
CLOSE = 1e-6  # of the largest feature of a map; the answers are stored in single precision


def features(case, plan, folder, stages=None):
    """The maps of our encoder, of the first stages only where they are counted."""
    targets = _targets(new_swin(plan, np.random.default_rng(0)))
    np.savez(folder / "swin.npz", **{name: weight(name, shape) for name, (_, shape) in targets.items()})
    encoder = read_swin(folder / "swin.npz", plan)
    encoder = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf, np.float64)), encoder)
    # run once and on little: the compiler need not try hard
    look = jax.jit(lambda e, x: e(x)[:stages], compiler_options={"xla_backend_optimization_level": 0})
    return look(encoder, jnp.asarray(picture(case)))


def gaps(case, found):
    """Of each map the largest difference from timm's, in parts of the largest feature of timm's map."""
    with np.load(PATH) as said:
        maps = [said[f"{case} {stage}"] for stage in range(len(found))]
    assert [m.shape for m in maps] == [f.shape for f in found]
    return [np.abs(f - m).max() / np.abs(m).max() for f, m in zip(found, maps, strict=True)]


@pytest.mark.parametrize(("case", "made"), [("whole", SwinPlan), ("padded", PublishedSwinPlan)])
def test_every_scale_is_timms(case, made, tmp_path):
    found = features(case, made(*CASES[case][:4]), tmp_path)
    assert len(found) == len(CASES[case][1])
    assert max(gaps(case, found)) < CLOSE


def test_padding_that_is_masked_gives_other_features(tmp_path):
    found = features("padded", SwinPlan(*CASES["padded"][:4]), tmp_path, stages=1)
    assert gaps("padded", found)[0] > 0.01
