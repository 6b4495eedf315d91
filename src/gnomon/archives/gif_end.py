"""Whether a GIF has its end: readers take a file that was cut between two frames for one of fewer frames."""

_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B


def has_end(content: bytes) -> bool:
    """Whether the blocks of a GIF lead to its trailer; what follows the trailer is not looked at.

    Bytes between blocks that begin none are stepped over, as readers do.
    """
    at = 13 + _colours(content, 10)
    while at < len(content):
        kind = content[at]
        if kind == _END:
            return True
        if kind == _EXTENSION:
            at = _after_parts(content, at + 2)
        elif kind == _IMAGE:
            at = _after_parts(
                content, at + 11 + _colours(content, at + 9)
            )  # a byte about the coding comes first
        else:
            at += 1
    return False


def _colours(content: bytes, at: int) -> int:
    """Bytes of the table of colours that the flags at this place announce."""
    flags = content[at] if at < len(content) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_parts(content: bytes, at: int) -> int:
    """Where a chain of parts ends; each begins with its length and the last one has none."""
    while at < len(content) and content[at]:
        at += 1 + content[at]
    return at + 1
