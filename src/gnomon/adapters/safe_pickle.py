"""Pickles from strangers, read without running anything.

A pickle is a program: `pickle.loads` calls whatever it names. Here the program is *interpreted* by a machine of
some thirty instructions that can make plain data (dicts, lists, tuples, text, bytes, numbers) and NumPy arrays, and
nothing else. No name of the file is ever imported or called: the few globals that a checkpoint of NeuralGCM names
(exact pairs of module and name, `ALLOWED`) are words of this machine, with an implementation of our own. Everything
else is refused.

One of these words mends an accident as well: arrays that an old JAX pickled name
`jax._src.array._reconstruct_array`, whose arguments JAX 0.10 no longer understands (`ShapedArray ... named_shape`).
Our own word of that name returns the NumPy array inside, so that no private function of JAX has to be replaced.
`tests/adapters/test_neuralgcm_checkpoint.py` says when JAX itself reads such files again.
"""

import io
import pickletools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gnomon.spec.errors import BadData


class Limits(NamedTuple):
    """How much a pickle may ask for.

    Attributes:
        size: bytes of the file, and of all arrays together, shared ones counted as often as they are seen. The arrays
            that are made, kept or not, may moreover take no more bytes than the file has.
        operations: instructions.
        depth: of nested containers.
        nodes: values in the result, those that are shared counted as often as they are seen.
    """

    size: int = 4 << 30
    operations: int = 20_000_000
    depth: int = 32
    nodes: int = 20_000_000


DEFAULT = Limits()


class _Word(NamedTuple):
    """A global that was named and is allowed."""

    module: str
    name: str


class _Budget:
    """Bytes that arrays may take, paid before a copy is made: a few bytes of file can ask for many copies of others.

    Every array that NumPy writes brings bytes of its own, so all that are made take no more than the file has.
    """

    def __init__(self, limit: int):
        self._limit, self._spent = limit, 0

    def charge(self, size: int) -> None:
        """Pay for an array of so many bytes, or refuse."""
        self._spent += size
        if self._spent > self._limit:
            raise _Refused(f"arrays of more than {self._limit} bytes")


class _Type:
    """A NumPy dtype in the making: its letters, then its state."""

    def __init__(self, letters: str):
        self.letters, self.order, self.unit = letters, "|", ""

    def build(self, state: Any) -> None:
        """State as NumPy writes it: (version, order, subtype, names, fields, size, alignment, flags[, metadata])."""
        if not isinstance(state, tuple) or len(state) < 8 or state[1] not in ("<", ">", "|", "="):
            raise _Refused("a dtype with a state that NumPy does not write")
        if any(part is not None for part in state[2:5]):
            raise _Refused("an array of records; only arrays of plain numbers are read")
        self.order = state[1]
        if len(state) > 8 and self.letters.startswith(("M8", "m8")):
            self.unit = _time_unit(state[8])

    def made(self) -> np.dtype:
        """The dtype."""
        order = "" if self.order == "|" else self.order
        return np.dtype(order + self.letters + (f"[{self.unit}]" if self.unit else ""))


class _Array:
    """An array in the making; `build` hands over shape, type and bytes."""

    def __init__(self, budget: _Budget):
        self.array: np.ndarray | None = None
        self._budget = budget

    def build(self, state: Any) -> None:
        """State as NumPy writes it: (version, shape, dtype, is_fortran, bytes)."""
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise _Refused("an array with a state that NumPy does not write")
        shape, kind, fortran, data = state[-4:]
        self.array = _from_bytes(data, kind, shape, "F" if fortran else "C", self._budget)


class _Refused(Exception):
    """Something that is not allowed; the message goes on 'it holds ...'."""


_KINDS = frozenset("b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16 M8 m8".split())
_UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns")


def _time_unit(metadata: Any) -> str:
    """The unit of a datetime64, out of ({}, (unit, number, 1, 1))."""
    try:
        unit, number = metadata[1][0], metadata[1][1]
        word = unit.decode("ascii") if isinstance(unit, bytes) else unit
    except (TypeError, IndexError, KeyError, UnicodeDecodeError):
        raise _Refused("a time of unknown unit") from None
    if not isinstance(word, str) or word not in _UNITS or type(number) is not int or number != 1:
        raise _Refused("a time of unknown unit")
    return word


_LONGEST = 1 << 62  # of an axis; what is longer would be slow to print


def _from_bytes(data: Any, kind: Any, shape: Any, order: Any, budget: _Budget) -> np.ndarray:
    """An array of these bytes, if there are exactly as many as it needs; a copy, so that nothing is shared."""
    plain = isinstance(shape, tuple) and len(shape) <= 16
    plain = plain and all(type(n) is int and 0 <= n < _LONGEST for n in shape)
    if not plain or not isinstance(kind, _Type) or not isinstance(data, bytes) or order not in ("C", "F"):
        raise _Refused("an array without plain shape, type and bytes")
    dtype = kind.made()
    needed = dtype.itemsize
    for n in shape:
        needed *= n
    if needed != len(data):
        raise _Refused(f"an array of shape {shape} that needs {needed} bytes but brings {len(data)}")
    budget.charge(len(data))
    return np.frombuffer(data, dtype).reshape(shape, order=order).astype(dtype.newbyteorder("="), order="C")


def _empty_array(args: tuple[Any, ...], budget: _Budget) -> _Array:
    """`numpy.core.multiarray._reconstruct(ndarray, (0,), b"b")`: an array whose contents come with BUILD."""
    if len(args) != 3 or args[0] != _Word("numpy", "ndarray"):
        raise _Refused("an array of an unknown class")
    return _Array(budget)


def _jax_array(args: tuple[Any, ...], budget: _Budget) -> _Array:
    """`jax._src.array._reconstruct_array(make, args, array_state, aval_state)`: the NumPy array inside."""
    made = len(args) == 4 and isinstance(args[0], _Word) and isinstance(args[1], tuple)
    if not made or _BUILDERS[args[0]] is not _empty_array:  # another JAX array inside could nest without end
        raise _Refused("a JAX array that is not made from a NumPy array")
    array = _empty_array(args[1], budget)
    array.build(args[2])
    return array


def _type(args: tuple[Any, ...], _: _Budget) -> _Type:
    """`numpy.dtype("f4", False, True)`; types of Python objects, text and records are not read."""
    letters = args[0] if args else None
    if not isinstance(letters, str) or letters not in _KINDS:
        raise _Refused(f"an array of type {_shown(letters)}; only plain numbers and times are read")
    return _Type(letters)


def _number(args: tuple[Any, ...], budget: _Budget) -> Any:
    """`numpy.core.multiarray.scalar(dtype, bytes)`."""
    if len(args) != 2:
        raise _Refused("a NumPy number without type and bytes")
    return _from_bytes(args[1], args[0], (), "C", budget)[()]


def _buffer_array(args: tuple[Any, ...], budget: _Budget) -> _Array:
    """`numpy.core.numeric._frombuffer(bytes, dtype, shape, order)`, how protocol 5 writes arrays."""
    if len(args) != 4:
        raise _Refused("an array without plain shape, type and bytes")
    made = _Array(budget)
    made.array = _from_bytes(args[0], args[1], args[2], args[3], budget)
    return made


_Builder = Callable[[tuple[Any, ...], _Budget], Any]
_BUILDERS: dict[_Word, _Builder | None] = {
    _Word("numpy", "ndarray"): None,  # only ever an argument
    _Word("numpy", "dtype"): _type,
    _Word("jax._src.array", "_reconstruct_array"): _jax_array,
}
for _core in ("numpy.core", "numpy._core"):  # the name before and since NumPy 2
    _BUILDERS[_Word(f"{_core}.multiarray", "_reconstruct")] = _empty_array
    _BUILDERS[_Word(f"{_core}.multiarray", "scalar")] = _number
    _BUILDERS[_Word(f"{_core}.numeric", "_frombuffer")] = _buffer_array
ALLOWED = tuple(sorted(tuple(word) for word in _BUILDERS))


def _called(word: Any, args: Any, budget: _Budget) -> Any:
    builder = _BUILDERS.get(word) if isinstance(word, _Word) else None
    if builder is None or not isinstance(args, tuple):
        raise _Refused("a call of something that is not a function of the list")
    return builder(args, budget)


def read_plain_pickle(data: bytes, name: str, limits: Limits = DEFAULT) -> Any:
    """What a pickle holds, if that is plain data and NumPy arrays; else BadData that names what was refused.

    Args:
        data: the bytes of the file.
        name: of the file, for messages.
        limits: on size, instructions and nesting.
    """
    if len(data) > limits.size:
        raise BadData(f"{name} has {len(data)} bytes, more than the {limits.size} a checkpoint may have")
    try:
        return _Resolver(limits).plain(_Machine(limits).run(data))
    except _Refused as refused:
        raise BadData(
            f"{name} is refused: it holds {refused}. A pickle can run any code, so only plain data and the arrays of a "
            "NeuralGCM checkpoint are read; take the file from its publisher, or save it again, where you trust it, as "
            "a dict of NumPy arrays"
        ) from None
    except (MemoryError, RecursionError):
        raise BadData(f"{name} asks for more memory, or nests deeper, than this machine can give") from None
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, UnicodeDecodeError) as error:
        what = " ".join(str(error).split())[:120] or type(error).__name__
        raise BadData(f"{name} is damaged or is no pickle ({what}); fetch it again") from None


class _Machine:
    """The stack machine of pickle, protocols 2 to 5, less everything that could do harm."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._budget = _Budget(0)
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        """The object on the stack at the end."""
        self._budget = _Budget(min(len(data), self._limits.size))
        for count, (op, arg, _) in enumerate(pickletools.genops(io.BytesIO(data))):
            if count > self._limits.operations:
                raise _Refused(f"more than {self._limits.operations} instructions")
            if op.name == "STOP":
                break
            self._do(op.name, arg)
        if len(self._stack) != 1 or self._marks:
            raise ValueError("it does not end with one object")
        return self._stack[0]

    def _do(self, op: str, arg: Any) -> None:
        stack = self._stack
        if op in _SILENT:
            return
        if op in _LITERALS:
            stack.append(_CONSTANTS.get(op, arg))
        elif op == "BYTEARRAY8":  # how protocol 5 writes the bytes of an array
            stack.append(bytes(arg))
        elif op in _EMPTY:
            stack.append(_EMPTY[op]())
        elif op == "MARK":
            self._marks.append(stack)
            self._stack = []
        elif op == "MEMOIZE":
            self._memo[len(self._memo)] = stack[-1]
        elif op in ("BINPUT", "LONG_BINPUT"):
            self._memo[arg] = stack[-1]
        elif op in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[arg])
        elif op in _TUPLES:
            self._tuple(_TUPLES[op])
        elif op in ("APPEND", "APPENDS", "SETITEM", "SETITEMS"):
            self._fill(op)
        elif op in ("GLOBAL", "STACK_GLOBAL"):
            self._global(arg)
        elif op == "REDUCE":
            args = stack.pop()
            stack.append(_called(stack.pop(), args, self._budget))
        elif op == "BUILD":
            self._build()
        else:
            raise _Refused(f"the instruction {op}")

    def _popped(self) -> list[Any]:
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _tuple(self, count: int | None) -> None:
        if count is None:
            items = self._popped()
        else:
            if len(self._stack) < count:
                raise ValueError("it takes more from the stack than there is")
            items = self._stack[-count:]
            del self._stack[-count:]
        self._stack.append(tuple(items))

    def _fill(self, op: str) -> None:
        if op.endswith("S"):
            items = self._popped()
        else:
            count = 1 if op == "APPEND" else 2
            items = self._stack[-count:]
            del self._stack[-count:]
        target = self._stack[-1]
        if op.startswith("APPEND"):
            if type(target) is not list:
                raise ValueError("it appends to something that is no list")
            target.extend(items)
            return
        if type(target) is not dict or len(items) % 2:
            raise ValueError("it sets items of something that is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Hashing a tuple nested 100,000 deep overflows the stack of the interpreter itself.
            if not isinstance(key, str | int | float | bytes | None):
                raise _Refused(f"a dict with keys that are {type(key).__name__}s")
            target[key] = value

    def _global(self, arg: str | None) -> None:
        if arg is None:
            name, module = self._stack.pop(), self._stack.pop()
        else:
            module, _, name = arg.partition(" ")
        word = _Word(module, name) if isinstance(module, str) and isinstance(name, str) else None
        if word is None or word not in _BUILDERS:
            raise _Refused(f"the global {_shown(module)}.{_shown(name)}")
        self._stack.append(word)

    def _build(self) -> None:
        state = self._stack.pop()
        target = self._stack[-1]
        if not isinstance(target, _Array | _Type):
            raise _Refused("a state for something that is neither array nor dtype")
        target.build(state)


_SILENT = frozenset(("PROTO", "FRAME"))
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = frozenset(
    "NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT SHORT_BINUNICODE BINUNICODE BINUNICODE8 "
    "SHORT_BINBYTES BINBYTES BINBYTES8".split()
)
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_TUPLES: dict[str, int | None] = {"TUPLE": None, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def _shown(word: Any) -> str:
    """A name from a hostile file, safe to print; what is no text is its type, since a repr can take for ever."""
    text = word if isinstance(word, str) else type(word).__name__
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text[:80])


class _Resolver:
    """Turns what is in the making into what it is; a bomb of shared lists is counted as big as it would unfold."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._nodes = 0
        self._budget = _Budget(limits.size)

    def plain(self, value: Any, depth: int = 0) -> Any:
        """The value, its containers and arrays."""
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise _Refused(f"more than {self._limits.nodes} values")
        if depth > self._limits.depth:
            raise _Refused(f"containers nested deeper than {self._limits.depth}")
        if isinstance(value, dict):
            return {k: self.plain(v, depth + 1) for k, v in value.items()}
        if isinstance(value, list):
            return [self.plain(v, depth + 1) for v in value]
        if isinstance(value, _Word | _Type):
            raise _Refused("a bare function or type among its data")
        if isinstance(value, tuple):
            return tuple(self.plain(v, depth + 1) for v in value)
        if isinstance(value, _Array):
            if value.array is None:
                raise _Refused("an array without contents")
            self._budget.charge(value.array.nbytes)
            return value.array
        return value
