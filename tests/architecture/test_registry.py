"""Every name in the registry is real, of the right kind, and has its reference."""

import inspect
import re

import pytest

from gnomon.core.learner import AbstractBrought, AbstractControl, AbstractLearner
from gnomon.core.measure import AbstractMeasure
from gnomon.core.trial import AbstractTrial
from gnomon.core.world import AbstractWorld
from gnomon.spec.registry import BUILT_IN, KINDS, build, load, shipped
from gnomon.spec.study import ARCHIVE
from tests.architecture.test_abstract_or_final import abstract_names, subclasses
from tests.architecture.tree import modules

ABSTRACT = {
    "worlds": AbstractWorld,
    "learners": (AbstractLearner, AbstractControl, AbstractBrought),
    "trials": AbstractTrial,
    "measures": AbstractMeasure,
}
NAMES = [(kind, name) for kind in KINDS for name in BUILT_IN[kind]]
DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+[^\s\"<>.,;)]")


@pytest.mark.parametrize(("kind", "name"), NAMES, ids=[f"{kind}-{name}" for kind, name in NAMES])
def test_entry_builds_and_is_of_its_kind(kind, name):
    factory = load(kind, name)
    if name == ARCHIVE:  # files cannot be stepped: a world of its own kind
        assert hasattr(factory, "baseline")
    else:
        assert issubclass(factory, ABSTRACT[kind])
    required = [p for p in inspect.signature(factory).parameters.values() if p.default is p.empty]
    brought = issubclass(factory, AbstractBrought) or name == ARCHIVE
    assert brought or not required, "only what is brought from outside (a model, files) may ask where it lies"
    assert required or isinstance(build(kind, name), factory)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_concrete_is_registered(kind):
    registered = {load(kind, name) for name in shipped(kind)}
    rooms = {m.__name__ for m in modules() if m.__name__.startswith(f"gnomon.{kind}")}
    abstract = ABSTRACT[kind] if isinstance(ABSTRACT[kind], tuple) else (ABSTRACT[kind],)
    below = set().union(*(subclasses(a) for a in abstract))
    concrete = {c for c in below if c.__module__ in rooms and not abstract_names(c)}
    assert {c.__qualname__ for c in concrete - registered} == set()


@pytest.mark.parametrize("name", sorted(set(BUILT_IN["worlds"]) - {ARCHIVE}))
def test_world_names_its_source(name):
    world = build("worlds", name)
    assert DOI.search(inspect.getdoc(type(world)) or ""), "the docstring carries the DOI of the equations"
    assert any(DOI.search(r) for r in world.card.references)
    assert all(f.source and f.how for f in world.card.facts)


@pytest.mark.parametrize("name", BUILT_IN["measures"])
def test_measure_names_its_source(name):
    measure = build("measures", name)
    if DOI.search(measure.reference):
        return
    assert re.match(r"(none: |defined here)\S*", measure.reference), (
        "a DOI, or 'none: ' and why there is none"
    )
