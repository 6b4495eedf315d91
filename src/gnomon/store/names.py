"""Names that become paths. They may come from strangers, so nothing but known shapes passes."""

import re

from gnomon.spec.errors import StoreError

_ID = re.compile(r"[0-9a-f]{40}")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
_STUDY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")


def is_id(text: str) -> bool:
    """Whether this is a content address."""
    return _ID.fullmatch(text) is not None


def checked_id(text: str) -> str:
    """A content address: 40 hexadecimal digits."""
    if not isinstance(text, str) or not is_id(text):
        raise StoreError(f"expected an id of 40 digits 0-9a-f, got {str(text)[:80]!r}")
    return text


def checked_kind(text: str) -> str:
    """A kind of node: one lower-case word."""
    if not isinstance(text, str) or not _KIND.fullmatch(text):
        raise StoreError(f"expected a kind of node as one lower-case word, got {str(text)[:80]!r}")
    return text


def checked_study(text: str) -> str:
    """The name of a study."""
    if not isinstance(text, str) or not _STUDY.fullmatch(text):
        raise StoreError(
            f"expected a study name of letters, digits, '_', '.' and '-', got {str(text)[:80]!r}"
        )
    return text


def node_list(text: str | list[str] | tuple[str, ...]) -> list[tuple[str, str]]:
    """`kind/id kind/id …` (or a list of `kind/id`) as pairs; what is not a node's name is left out."""
    words = text.split() if isinstance(text, str) else list(text)
    pairs = []
    for word in words:
        kind, _, name = str(word).partition("/")
        if _KIND.fullmatch(kind) and is_id(name):
            pairs.append((kind, name))
    return pairs
