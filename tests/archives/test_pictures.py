"""Headers of pictures that claim too much: a sentence with our limit, before anything is unpacked."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gnomon.archives.pictures import LARGEST_PIXELS, frames
from gnomon.spec.errors import BadData


def png(width, height, pixels=b""):
    """By hand: signature, header, and an end; a few bytes whatever the size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    middle = chunk(b"IDAT", zlib.compress(pixels)) if pixels else b""
    return b"\x89PNG\r\n\x1a\n" + header + middle + chunk(b"IEND", b"")


def saved(form, **options):
    file = io.BytesIO()
    Image.new("P" if form == "GIF" else "RGB", (8, 8)).save(file, form, **options)
    return file.getvalue()


def giant(form):
    """A header of 60000 x 50000 pixels, of what was a picture of 8 x 8."""
    whole = saved(form)
    if form == "PPM":
        return b"P6 60000 50000 255\n" + bytes(64)
    at, size = {
        "GIF": (6, struct.pack("<HH", 60000, 50000)),
        "BMP": (18, struct.pack("<ii", 60000, 50000)),
        "JPEG": (whole.find(b"\xff\xc0") + 5, struct.pack(">HH", 50000, 60000)),
    }[form]
    return whole[:at] + size + whole[at + len(size) :]


def said(content, name="big.png"):
    with pytest.raises(BadData) as caught:
        [frame.pixels() for frame in frames(Path(name), content)]
    return str(caught.value)


def test_a_png_made_by_hand_is_a_picture():
    rows = b"".join(b"\0" + bytes([10 * y, 20]) for y in range(3))
    (frame,) = frames(Path("small.png"), png(2, 3, rows))
    np.testing.assert_array_equal(frame.pixels()[..., 0], [[0, 20], [10, 20], [20, 20]])


@pytest.mark.parametrize(
    ("width", "height"), [(200_000, 200_000), (20_000, 9_000), (10_000, 9_500), (8_000, 7_000)]
)
def test_a_giant_header_meets_our_limit_and_not_pillows(width, height):
    """Above the size at which Pillow raises, just above it, between that and its warning, and below both."""
    content = png(width, height)
    assert len(content) < 100
    assert (
        said(content)
        == f"big.png: {width} x {height} pixels, more than {LARGEST_PIXELS}; make it smaller first"
    )
    assert LARGEST_PIXELS == 50_000_000


@pytest.mark.parametrize("form", ["JPEG", "GIF", "BMP", "PPM"])
def test_other_formats_say_it_too(form):
    assert "60000 x 50000 pixels, more than 50000000; make it smaller" in said(giant(form))


def test_what_is_within_the_limit_is_not_refused_for_its_size():
    words = said(png(7_000, 7_000))
    assert words.startswith("big.png: not a whole picture (")
    assert "pixels" not in words


def test_a_frame_that_outgrows_the_first_meets_our_limit():
    whole = saved("GIF", save_all=True, append_images=[Image.new("P", (8, 8), 1)])
    at = whole.rindex(b"\x2c\0\0\0\0\x08\0\x08\0") + 5
    words = said(whole[:at] + struct.pack("<HH", 60000, 50000) + whole[at + 4 :], "two.gif")
    assert "more than 50000000 pixels; make it smaller first" in words
    assert words.startswith("two.gif")


@pytest.mark.parametrize("content", [b"dear reader, this is no picture", b"\x89PNG\r\n\x1a\nand then words"])
def test_no_address_in_memory_is_told(content):
    words = said(content, "text.png")
    assert words.startswith("text.png: not a whole picture (")
    assert "BytesIO" not in words
    assert "0x" not in words
