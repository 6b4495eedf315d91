"""Arrays into a framework and back: what a user's step is handed, and what is made of its answer."""

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from gnomon.adapters.declaration import Declaration
from gnomon.spec.errors import BadModel, MissingExtra

Step = Callable[..., Any]
Knobs = dict[str, np.ndarray]  # each [lane]
HostStep = Callable[[np.ndarray, Knobs, int], np.ndarray]


class StepRaised(Exception):
    """A user's step raised for one lane; the loop knows which unit that is, and the time."""

    def __init__(self, lane: int, error: BaseException):
        super().__init__(str(error))
        self.lane = lane
        self.error = error


def host_step(step: Step, declared: Declaration, size: int, name: str) -> HostStep:
    """A batched NumPy step `(states [lane, (context,) size], knobs, seed) -> states [lane, size]` around a user's.

    The answer's type and shape are checked at every call, because a wrong one would be scored as physics.
    """
    if declared.framework == "jax":
        call = _jax_call(step, declared)
    elif declared.framework == "torch":
        call = _torch_call(step, declared)
    else:
        call = _numpy_call(step, declared)
    if declared.batched or declared.framework == "jax":
        return lambda states, knobs, seed: plain(call(states, knobs, seed), (len(states), size), name)

    def each(states: np.ndarray, knobs: Knobs, seed: int) -> np.ndarray:
        out = np.empty((len(states), size))
        for i, state in enumerate(states):
            own = {k: float(v[i]) for k, v in knobs.items()}
            try:
                answer = call(state, own, seed + i)
            except (Exception, SystemExit) as error:
                raise StepRaised(i, error) from error
            out[i] = plain(answer, (size,), name)
        return out

    return each


def plain(answer: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """The answer as a float array of the right shape, or one sentence on what is wrong with it."""
    if answer is None:
        raise BadModel(f"{name} returned None; expected the next state, an array of shape {shape}")
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu().numpy()
    if isinstance(answer, dict | tuple | set | str):
        raise BadModel(f"{name} returned a {type(answer).__name__}; expected one array of shape {shape}")
    try:
        array = np.asarray(answer)
    except Exception as error:
        raise BadModel(f"{name} returned {type(answer).__name__}, which is no array: {error}") from None
    if array.dtype.kind not in "fiub":
        kind = "complex" if array.dtype.kind == "c" else f"dtype {array.dtype}"
        raise BadModel(f"{name} returned {kind} numbers; expected real ones of shape {shape}")
    if array.shape != shape:
        raise BadModel(
            f"{name} returned shape {array.shape}; expected {shape}, the shape of the state it was given"
        )
    return array.astype(float)


def _numpy_call(step: Step, declared: Declaration) -> Step:
    def call(state: np.ndarray, knobs: Any, seed: int) -> Any:
        # A copy, so that a step that works in place cannot change what was recorded.
        args = (np.array(state, declared.precision), dict(knobs))
        with np.errstate(all="ignore"):
            return step(*args, np.random.default_rng(seed)) if declared.stochastic else step(*args)

    return call


def _torch_call(step: Step, declared: Declaration) -> Step:
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        raise MissingExtra("torch", "PyTorch") from None
    dtype = getattr(torch, declared.precision)
    to_evaluation = getattr(step, "eval", None)  # of a module: no dropout, frozen batch statistics
    if to_evaluation is not None:
        to_evaluation()

    def call(state: np.ndarray, knobs: Any, seed: int) -> Any:
        tensor = torch.as_tensor(np.array(state), dtype=dtype)
        handed = {k: v if isinstance(v, float) else torch.as_tensor(v, dtype=dtype) for k, v in knobs.items()}
        with torch.inference_mode():
            if not declared.stochastic:
                return step(tensor, handed)
            return step(tensor, handed, torch.Generator().manual_seed(seed))

    return call


def _jax_call(step: Step, declared: Declaration) -> Step:
    jax = importlib.import_module("jax")
    whole = jax.jit(step if declared.batched else jax.vmap(step))

    @functools.wraps(step)
    def call(states: np.ndarray, knobs: Any, seed: int) -> Any:
        arrays = jax.numpy.asarray(states, declared.precision if jax.config.jax_enable_x64 else "float32")
        handed = {k: jax.numpy.asarray(v, arrays.dtype) for k, v in knobs.items()}
        if not declared.stochastic:
            return whole(arrays, handed)
        key = jax.random.PRNGKey(seed & 0x7FFFFFFF)
        return whole(arrays, handed, key if declared.batched else jax.random.split(key, len(states)))

    return call
