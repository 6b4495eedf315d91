import re

import pytest

from gnomon.report.figures import export_figures
from gnomon.spec.errors import BadSpec, StoreError
from tests.report.synthetic_results import NAME, fill_store


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return fill_store(tmp_path_factory.mktemp("small"), only={"linear"}, worlds=("lorenz63",))


@pytest.mark.parametrize(("format", "magic"), [("svg", b"<svg"), ("png", b"\x89PNG")])
def test_every_figure_is_written(small, tmp_path, format, magic):
    written = export_figures(small, NAME, tmp_path / "figures", format=format)
    assert (
        len(written) == 1 + 7
    )  # the ladder; error growth, attractor, space-time, spectrum, response, shift, ranks
    assert all(p.read_bytes().startswith(magic) for p in written)
    assert len(set(written)) == len(written)


def test_labels_of_strangers_become_plain_file_names_and_escaped_text(small, tmp_path):
    written = export_figures(small, NAME, tmp_path)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", p.name) and p.parent == tmp_path for p in written)
    ladder = written[0].read_text(encoding="utf-8")
    assert "<img" not in ladder
    assert "&lt;img" in ladder


def test_an_unknown_format_or_an_empty_study_is_refused(small, tmp_path):
    with pytest.raises(BadSpec, match="svg or png"):
        export_figures(small, NAME, tmp_path, format="gif")
    small.put_study("empty", [], {})
    with pytest.raises(StoreError, match="run it first"):
        export_figures(small, "empty", tmp_path)
