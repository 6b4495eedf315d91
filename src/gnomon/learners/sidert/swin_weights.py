"""Swin weights from a file that the user names: timm's names, every array checked before it is used."""

import lzma
import os
import re
import zipfile
import zlib
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.learners.sidert.swin import AbstractSwinPlan, SwinEncoder, new_swin
from gnomon.numerics.safetensors import read_safetensors
from gnomon.spec.errors import BadData

LARGEST_BYTES = 2 << 30
_UNUSED = re.compile(r"^head\.|^norm\d\.|(^|\.)(relative_position_index|attn_mask)$")


def read_swin(path: str | os.PathLike[str], plan: AbstractSwinPlan) -> SwinEncoder:
    """An encoder of that plan with the weights of a file: .safetensors as timm and its hub write them, or .npz.

    `as_published(plan)` gives timm's features wherever no map is smaller than a window, a plain `SwinPlan` only where
    all maps are whole windows. The classifier and tables that can be computed are passed over. Nothing in the file
    is run: pickles (.pth, .bin, .pt) are refused.

    Raises:
        BadData: not such a file, a weight that is missing, unknown, of another shape, not of floats, or not finite.
    """
    arrays = _arrays(Path(path))
    arrays = _new_names({name.removeprefix("model."): array for name, array in arrays.items()})
    empty = new_swin(plan, np.random.default_rng(0))
    targets = _targets(empty)
    missing, unknown = sorted(targets.keys() - arrays.keys()), sorted(arrays.keys() - targets.keys())
    if missing or unknown:
        said = [f"{len(names)} {what} ({', '.join(names[:3])})" for what, names in
                (("missing", missing), ("unknown", unknown)) if names]  # fmt: skip
        raise BadData(f"{path}: not the weights of this Swin encoder: {', '.join(said)}; is it another size?")
    leaves = [_checked(str(path), name, arrays[name], shape) for name, (_, shape) in targets.items()]
    where = [leaf for leaf, _ in targets.values()]
    return eqx.tree_at(lambda tree: [_follow(tree, steps) for steps in where], empty, leaves)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise BadData(f"{path}: no such file")
    if path.stat().st_size > LARGEST_BYTES:
        raise BadData(f"{path}: more than {LARGEST_BYTES} bytes; no Swin encoder is so large")
    if path.suffix == ".safetensors":
        return read_safetensors(path, skip=_is_unused)
    if path.suffix == ".npz":
        return _from_npz(path)
    raise BadData(
        f"{path}: weights are read from .safetensors or .npz; a .pth or .bin file holds a program, not only numbers: "
        "save it again with safetensors.torch.save_file(model.state_dict(), ...)"
    )


_UNREADABLE = (
    OSError, ValueError, EOFError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip


def _from_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as packed:
            whole = sum(member.file_size for member in packed.infolist())
            if whole > LARGEST_BYTES:
                raise BadData(f"{path}: {whole} bytes when unpacked; no Swin encoder is so large")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files if not _is_unused(name)}
            if not all(isinstance(array, np.ndarray) for array in found.values()):
                raise BadData(f"{path}: a member is no array")
            return found
    except _UNREADABLE as error:
        raise BadData(f"{path}: not a file of arrays ({error})") from error


def _is_unused(name: str) -> bool:
    return bool(_UNUSED.search(name.removeprefix("model.")))


def _new_names(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Names of Swin's authors to timm's: they merge patches at a stage's end, timm at the start of the next."""
    if "layers.0.downsample.reduction.weight" not in arrays:
        return arrays
    return {
        re.sub(r"^layers\.(\d+)\.downsample", lambda m: f"layers.{int(m[1]) + 1}.downsample", name): array
        for name, array in arrays.items()
    }


_Steps = tuple[str | int, ...]


def _targets(encoder: SwinEncoder) -> dict[str, tuple[_Steps, tuple[int, ...]]]:
    """Timm's name -> the way to the leaf, and the shape that the file must have."""
    plan = encoder.plan
    found: dict[str, tuple[_Steps, tuple[int, ...]]] = {}

    def linear(name: str, steps: _Steps, *, bias: bool = True) -> None:
        shape = np.shape(_follow(encoder, (*steps, "weights")))
        found[f"{name}.weight"] = ((*steps, "weights"), shape[::-1])
        if bias:
            found[f"{name}.bias"] = ((*steps, "bias"), shape[1:])

    def norm(name: str, steps: _Steps) -> None:
        shape = np.shape(_follow(encoder, (*steps, "gain")))
        found[f"{name}.weight"], found[f"{name}.bias"] = ((*steps, "gain"), shape), ((*steps, "bias"), shape)

    linear("patch_embed.proj", ("embed",))
    found["patch_embed.proj.weight"] = (
        ("embed", "weights"), (plan.width, plan.channels, plan.patch, plan.patch),
    )  # fmt: skip
    norm("patch_embed.norm", ("embed_norm",))
    norm("norm", ("norm",))
    for n, stage in enumerate(encoder.stages):
        if n:
            norm(f"layers.{n}.downsample.norm", ("merges", n - 1, "norm"))
            linear(f"layers.{n}.downsample.reduction", ("merges", n - 1), bias=False)
        for m in range(len(stage)):
            name, block = f"layers.{n}.blocks.{m}", ("stages", n, m)
            norm(f"{name}.norm1", (*block, "first_norm"))
            norm(f"{name}.norm2", (*block, "second_norm"))
            linear(f"{name}.attn.qkv", (*block, "attention", "qkv"))
            linear(f"{name}.attn.proj", (*block, "attention", "proj"))
            table = (*block, "attention", "bias_table")
            found[f"{name}.attn.relative_position_bias_table"] = (table, np.shape(_follow(encoder, table)))
            linear(f"{name}.mlp.fc1", (*block, "perceptron", "inner"))
            linear(f"{name}.mlp.fc2", (*block, "perceptron", "outer"))
    return found


def _follow(tree: object, steps: _Steps) -> jax.Array:
    for step in steps:
        tree = getattr(tree, step) if isinstance(step, str) else tree[step]  # pyright: ignore[reportIndexIssue]
    return tree  # pyright: ignore[reportReturnType]


def _checked(path: str, name: str, array: np.ndarray, shape: tuple[int, ...]) -> jax.Array:
    """The array in our order of axes, as float32."""
    if array.shape != shape:
        raise BadData(f"{path}: {name} has the shape {array.shape}, this encoder's is {shape}")
    if array.dtype.kind != "f":
        raise BadData(f"{path}: {name} holds {array.dtype}, not floating-point numbers")
    single = array.astype(np.float32)
    if not np.isfinite(single).all():
        raise BadData(f"{path}: {name} holds numbers that are not finite")
    if name == "patch_embed.proj.weight":
        return jnp.asarray(single.transpose(2, 3, 1, 0).reshape(-1, shape[0]))
    is_matrix = single.ndim == 2 and not name.endswith("bias_table")
    return jnp.asarray(single.T if is_matrix else single)
