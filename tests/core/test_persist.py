"""Modules survive being written down; what is not plain, or not trusted, is refused."""

import json
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.persist import dump, restore
from gnomon.numerics.patches import Patches
from gnomon.spec.errors import BadData
from gnomon.spec.registry import build


class Stranger(eqx.Module):
    """A module of nobody's package."""

    inner: Any


@pytest.mark.parametrize("name", ["lorenz63", "lorenz96", "kuramoto_sivashinsky"])
def test_worlds_come_back(name):
    world = build("worlds", name)
    structure, arrays = dump(world)
    back = restore(json.loads(json.dumps(structure)), arrays)
    assert jax.tree.structure(world) == jax.tree.structure(back)
    for a, b in zip(jax.tree.leaves(world), jax.tree.leaves(back), strict=True):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)
    assert back.card == world.card


def patches(**changes) -> Patches:
    fields: dict[str, Any] = dict(
        packing=None, shape=(3,), knobs=("a",), patterned=(True,), mean=jnp.zeros(1), std=jnp.ones(1),
        knob_centre=jnp.zeros(1), knob_shape=jnp.ones((1, 3)),
    )  # fmt: skip
    return Patches(**{**fields, **changes})


@pytest.mark.parametrize(
    "array",
    [
        jnp.asarray([1.0, jnp.nan, -0.0], jnp.float32),
        jnp.arange(3, dtype=jnp.int32),
        np.float64(0.1) * np.ones((2, 0)),
        np.asarray([True, False]),
        jnp.asarray(0.1),
        jnp.asarray(1 + 2j),
    ],
)
def test_arrays_keep_bits_kind_and_dtype(array):
    back = restore(*dump(patches(mean=array))).mean
    assert type(back) is type(array)
    assert back.dtype == array.dtype
    assert np.asarray(back).tobytes() == np.asarray(array).tobytes()


@pytest.mark.parametrize(
    "value", [None, True, 3, "x", 0.1, float("inf"), (1, (2.5, None)), [1, "b"], {"k": (1,)}]
)
def test_plain_values_keep_their_type(value):
    structure, arrays = dump(patches(packing=value))
    back = restore(json.loads(json.dumps(structure, allow_nan=False)), arrays).packing
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("value", [jnp.tanh, object(), {1: 2}, lambda: 0, jax.random.key(0), np.array(["a"])])
def test_what_is_not_plain_is_refused_by_name(value):
    with pytest.raises(BadData, match=r"Patches\.packing"):
        dump(patches(packing=value))


def test_foreign_classes_are_not_loaded():
    structure, arrays = dump(Stranger(1))
    with pytest.raises(BadData, match="not loaded"):
        restore(structure, arrays)


@pytest.mark.parametrize(
    "target",
    [
        "os:system",
        "gnomon.core.persist:dump",
        "gnomon.spec.cards:WorldCard",
        "gnomon_evil:X",
        "gnomon.no:X",
        "",
    ],
)
def test_only_modules_of_gnomon_are_found(target):
    structure, arrays = dump(patches())
    with pytest.raises(BadData):
        restore({**structure, "class": target}, arrays)


def test_damage_is_named():
    structure, arrays = dump(patches())
    with pytest.raises(BadData, match="missing"):
        restore(structure, {k: v for k, v in list(arrays.items())[1:]})
    with pytest.raises(BadData, match="expected an array"):
        restore(structure, {k: v[..., :0] for k, v in arrays.items()})
    fields = {k: v for k, v in structure["fields"].items() if k != "std"}
    with pytest.raises(BadData, match="std"):
        restore({**structure, "fields": fields}, arrays)
    with pytest.raises(BadData):
        restore({"is": "module"}, arrays)


def test_double_precision_is_not_lost_silently():
    structure, arrays = dump(patches())
    with jax.enable_x64(False), pytest.raises(BadData, match="enable_x64"):
        restore(structure, arrays)
