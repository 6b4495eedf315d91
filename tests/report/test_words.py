import pytest

from gnomon.report.words import fidelity, fidelity_quoted, number, plainly, quoted
from gnomon.spec.results import Estimate


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.5, "1.23 × 10³"),
        (-0.25, "−0.25"),
        (1.2e-7, "1.2 × 10⁻⁷"),
        (None, "unknown"),
        (40.0, "40"),
    ],
)
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.934, "0.93"), (-0.001, "0.00"), (-1.5, "−1.50"), (-123.4, "−123")]
)
def test_fidelity(value, text):
    assert fidelity(value) == text


def test_an_estimate_carries_units_and_interval_or_its_reason():
    assert quoted(Estimate(value=2.0, low=1.0, high=3.0), "s") == "2 s (1 to 3)"
    assert quoted(Estimate(value=2.0), "1") == "2"
    assert quoted(Estimate(value=None, reason="one unit"), "s") == "one unit"
    assert quoted(None) == ""
    assert fidelity_quoted(Estimate(value=0.5, low=0.4, high=0.6)) == "0.50 (0.40 to 0.60)"
    assert fidelity_quoted(Estimate(value=None)) == ""


def test_plain_data_in_one_line():
    learned = {"settings": {"ridge": 1e-6, "on": True}, "knobs": {"rho": [24.0, 32.0]}, "names": ["a", "b"]}
    text = "settings = (ridge = 1 × 10⁻⁶, on = yes), knobs = (rho = 24 to 32), names = a, b, none = none"
    assert plainly(learned | {"none": None}) == text
