"""Every registered measure keeps the public contract, on a flow and on a field."""

import functools

import pytest

from gnomon.spec.registry import BUILT_IN, build
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_evidence import synthetic_evidence

# Measures of the sphere need a grid and experiments of their own: tests in their folders hold them to the contract.
ANYWHERE = [
    name
    for name, entry in BUILT_IN["measures"].items()
    if not entry.target.startswith(
        (
            "gnomon.measures.depth",
            "gnomon.measures.sphere",
            "gnomon.measures.cyclones",
            "gnomon.measures.aimip",
            "gnomon.measures.causes",
        )
    )
]


@pytest.mark.parametrize("kind", ["flow", "field"])
@pytest.mark.parametrize("name", ANYWHERE)
def test_measure_keeps_its_contract(name, kind):
    check_measure(build("measures", name), make=functools.partial(_cached, kind=kind))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("valid_time", {"rule": "smape"}),
        ("valid_time", {"threshold": 0.5}),
        ("response_pattern", {"part": "even"}),
        ("coverage", {"level": 0.5}),
        ("attractor", {"bins": 10}),
        ("attractor_mixture", {"variance": 0.3, "points": 2000}),
    ],
)
def test_settings_keep_the_contract_too(name, args):
    check_measure(build("measures", name, args), make=_cached)


@functools.cache
def _cached(role, **options):
    return synthetic_evidence(role, **options)
