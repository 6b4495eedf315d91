"""Checkpoints of NeuralGCM: found, fetched once, checked, and read without running anything they hold.

A checkpoint is named by a path, by an address (`file://`, `gs://`, `https://` …), by its public name
("v1/deterministic_2_8_deg", "v1_precip/stochastic_precip_2_8_deg"), or as "toy": the demonstration that the
neuralgcm package carries, which has some 190,000 parameters and makes no claim about the weather.

What is fetched is kept in the user's cache folder with its SHA-256 beside it. Nobody publishes these checksums, so
the first fetch is taken on trust and printed; from then on other bytes under the same name are an error. A study
pins a checkpoint with `sha256 = "..."`.

Besides being a pickle (see `adapters.safe_pickle`), a checkpoint holds a *gin* configuration, a small language that
can import modules and open files: statements that do are refused as well.
"""

import hashlib
import importlib.metadata
import importlib.util
import io
import os
import re
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnomon.adapters.safe_pickle import Limits, read_plain_pickle
from gnomon.spec.errors import BadData, BadModel, MissingExtra

PUBLIC = "gs://gresearch/neuralgcm/models"  # where its makers publish checkpoints: <PUBLIC>/<name>.pkl
TOY = "toy"
TOY_FILE = "data/tl63_stochastic_mini.pkl"  # inside the neuralgcm package
SNAPSHOT_FILE = "data/era5_tl31_19590102T00.nc"
_PUBLIC_NAME = re.compile(r"v\d\w*/[a-z0-9_]+")
_KEYS = ("model_config_str", "aux_ds_dict", "params")
_BLOCK = 1 << 20
_LONGEST_CONFIG = 1 << 20  # characters; the published ones have some hundred thousand
_FILE_NAME = re.compile(r"path|(^|_)(file|filename|dir|url)$", re.IGNORECASE)
_BLANK = frozenset((tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT))


class Found(NamedTuple):
    """A checkpoint that lies on this machine.

    Attributes:
        name: as it was asked for.
        path: of its bytes.
        sha256: of its bytes, in hex.
    """

    name: str
    path: Path
    sha256: str

    @property
    def is_toy(self) -> bool:
        """Whether these are the bytes of the packaged demonstration, which says nothing about the weather."""
        return self.name == TOY or self.sha256 == _hash(packaged(TOY_FILE))


def package_version() -> str:
    """The version of the neuralgcm package."""
    try:
        return importlib.metadata.version("neuralgcm")
    except importlib.metadata.PackageNotFoundError:
        raise MissingExtra("neuralgcm", "neuralgcm") from None


def packaged(file: str) -> Path:
    """A file that the neuralgcm package carries; the package is not imported (that takes seconds)."""
    spec = importlib.util.find_spec("neuralgcm")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra("neuralgcm", "neuralgcm")
    path = Path(next(iter(spec.submodule_search_locations))) / file
    if not path.is_file():
        raise BadModel(
            f"neuralgcm {package_version()} no longer carries {file}; give the path of a checkpoint"
        )
    return path


def cache_folder() -> Path:
    """Where fetched checkpoints are kept: GNOMON_CACHE, or the user's cache folder."""
    base = os.environ.get("GNOMON_CACHE")
    if base:
        return Path(base) / "neuralgcm"
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "gnomon" / "neuralgcm"


def find_checkpoint(name: str, *, sha256: str = "", cache: Path | None = None) -> Found:
    """The checkpoint of that name on this machine, fetched if it must be.

    Args:
        name: "toy", a path, an address, or a public name.
        sha256: what its bytes must hash to; empty for no such demand.
        cache: folder of fetched checkpoints, where it is not the usual one.
    """
    if name == TOY:
        path = packaged(TOY_FILE)
        found = Found(name, path, _hash(path))
    elif "://" in name or (_PUBLIC_NAME.fullmatch(name) and not Path(name).exists()):
        address = name if "://" in name else f"{PUBLIC}/{name}.pkl"
        found = _kept(name, address, cache or cache_folder())
    elif Path(name).is_file():
        found = Found(name, Path(name), _hash(Path(name)))
    else:
        raise BadModel(
            f"no checkpoint {name!r}; expected 'toy', the path of a file, an address such as gs://..., or a public "
            "name such as v1/deterministic_2_8_deg"
        )
    if sha256 and found.sha256 != sha256.lower():
        raise BadData(
            f"checkpoint {name} has SHA-256 {found.sha256}, not the {sha256.lower()} that is asked for; "
            "it is another file, or it was tampered with"
        )
    return found


def _kept(name: str, address: str, cache: Path) -> Found:
    """A fetched checkpoint: from the cache if it is there and whole, else from its address."""
    word = re.sub(r"[^A-Za-z0-9_.-]+", "_", name.removesuffix(".pkl"))[-80:]
    path = cache / f"{word}-{hashlib.sha256(address.encode()).hexdigest()[:8]}.pkl"
    note = path.with_suffix(".sha256")
    if path.is_file() and note.is_file():
        got, noted = _hash(path), note.read_text().split()
        if got != (noted[0] if noted else ""):
            raise BadData(
                f"checkpoint {path} no longer has the SHA-256 it had when it was fetched; delete it and "
                f"{note.name} to fetch it again"
            )
        return Found(name, path, got)
    got = _fetch(address, path)
    if note.is_file() and got not in note.read_text().split():
        path.unlink()
        raise BadData(
            f"checkpoint {name} has SHA-256 {got} now, not the one noted in {note}; it was replaced at its source. "
            f"Delete {note.name} if that is right"
        )
    note.write_text(f"{got}  {path.name}\n")
    print(f"gnomon: fetched {address}; SHA-256 {got}, taken on trust and kept in {note}", file=sys.stderr)
    return Found(name, path, got)


def _fetch(address: str, path: Path) -> str:
    """Copy an address to a file, whole or not at all; its SHA-256."""
    try:
        import fsspec
    except ImportError:
        raise MissingExtra("neuralgcm", "fsspec") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size, limit = hashlib.sha256(), 0, Limits().size
    options = {"token": "anon"} if address.startswith(("gs://", "gcs://")) else {}
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as out, fsspec.open(address, "rb", **options) as source:
            while block := source.read(_BLOCK):  # type: ignore[union-attr]
                size += len(block)
                if size > limit:
                    raise BadData(f"{address} has more than the {limit} bytes a checkpoint may have")
                digest.update(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if not size:
            raise BadData(f"{address} is empty")
        os.replace(partial, path)
    except ImportError as error:
        raise MissingExtra("neuralgcm", error.name or "gcsfs") from None
    except BadData:
        raise
    except Exception as error:  # every file system has errors of its own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadModel(
            f"checkpoint {address} cannot be fetched ({reason}); without a network, give the path of a file you have, "
            "or 'toy' for the packaged demonstration"
        ) from None
    finally:
        Path(partial).unlink(missing_ok=True)
    return digest.hexdigest()


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise BadModel(f"checkpoint {path} cannot be read: {error.strerror or error}") from None
    return digest.hexdigest()


def read_checkpoint(found: Found) -> dict[str, Any]:
    """Configuration, static fields and parameters, checked to be nothing else."""
    try:
        return _read(found)
    except (MemoryError, RecursionError):
        raise BadData(
            f"{found.path.name} asks for more memory, or nests deeper, than this machine can give"
        ) from None


def _read(found: Found) -> dict[str, Any]:
    data = found.path.read_bytes()
    if hashlib.sha256(data).hexdigest() != found.sha256:
        raise BadData(f"checkpoint {found.path} changed while it was read")
    content = read_plain_pickle(data, found.path.name)
    if not isinstance(content, dict) or not set(_KEYS) <= set(content):
        raise BadData(
            f"{found.path.name} is no checkpoint of NeuralGCM; expected a dict with {', '.join(_KEYS)}"
        )
    check_config(content["model_config_str"], found.path.name)
    for name, array in _leaves(content["params"], "params"):
        if not isinstance(array, np.ndarray | float | int):
            raise BadData(f"{found.path.name}: {name} is a {type(array).__name__}, not an array")
        if not np.all(np.isfinite(array)):
            raise BadData(f"{found.path.name}: {name} holds numbers that are not finite")
    return {key: content[key] for key in _KEYS}


def check_config(text: Any, name: str) -> None:
    """Refuse a gin configuration that imports, includes or opens anything.

    It is cut into tokens by the tokenizer that gin itself uses, so that a continued line, a block or a comment cannot
    make the two see different statements.
    """
    if not isinstance(text, str):
        raise BadData(f"{name}: its configuration is no text")
    if len(text) > _LONGEST_CONFIG:
        raise BadData(f"{name}: its configuration has more than {_LONGEST_CONFIG} characters")
    for number, line in enumerate(re.split(r"[\r\n\f\v\x1c-\x1e\x85\u2028\u2029]", text), start=1):
        if re.match(r"\W*(import|include|from)\b", line):
            raise _imports(name, number, line)
    try:
        tokens = [t for t in tokenize.generate_tokens(io.StringIO(text).readline) if not _is_blank(t)]
    except (tokenize.TokenError, SyntaxError) as error:
        raise BadData(f"{name}: its gin configuration is damaged ({error.args[0]!s:.80})") from None
    for at, token in enumerate(tokens):
        before = tokens[at - 1].string if at else ""
        if token.type == tokenize.NAME and token.string in ("import", "include", "from"):
            if before not in (".", "/"):
                raise _imports(name, token.start[0], token.string)
        elif token.type == tokenize.OP and token.string == "=" and _FILE_NAME.search(before):
            if not _is_nothing(tokens[at + 1 : at + 3]):
                raise BadData(
                    f"{name} is refused: line {token.start[0]} of its gin configuration opens a file "
                    f"({before[:60]!r}); the static fields of a checkpoint lie inside it"
                )


def _imports(name: str, number: int, line: str) -> BadData:
    return BadData(
        f"{name} is refused: line {number} of its gin configuration imports code ({line.strip()[:60]!r}); "
        "no published checkpoint does"
    )


def _is_blank(token: tokenize.TokenInfo) -> bool:
    return token.type in _BLANK or (token.type == tokenize.ERRORTOKEN and not token.string.strip())


def _is_nothing(value: list[tokenize.TokenInfo]) -> bool:
    """Whether what follows "=" is None, an empty text or no value at all; two texts side by side are one to gin."""
    ends = (tokenize.NEWLINE, tokenize.ENDMARKER)
    if not value or value[0].type in ends:
        return True
    return value[0].string in ("None", "''", '""') and value[-1].type in ends


def _leaves(tree: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Names are cut and made one at a time: a long key that many dicts share must not be copied for each of them."""
    if not isinstance(tree, dict):
        yield name, tree
        return
    for key, sub in tree.items():
        word = ascii(key[:40])[1:-1] if isinstance(key, str) else type(key).__name__
        yield from _leaves(sub, f"{name}/{word}")


def build_model(found: Found) -> Any:
    """`neuralgcm.PressureLevelModel` of a checkpoint."""
    content = read_checkpoint(found)
    try:
        import neuralgcm
    except ImportError as error:
        raise MissingExtra("neuralgcm", error.name or "neuralgcm") from None
    try:
        return neuralgcm.PressureLevelModel.from_checkpoint(content)
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise BadModel(
            f"neuralgcm {package_version()} cannot build a model from {found.path.name} ({reason}); "
            "it may need another version of the package"
        ) from error
