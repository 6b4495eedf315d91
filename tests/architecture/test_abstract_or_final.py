"""A class is abstract and says so in its name, or nobody subclasses it; only abstract things are overridden."""

import abc

import equinox as eqx

from tests.architecture.tree import modules


def abstract_names(cls: type) -> set[str]:
    """What a class leaves to its subclasses: methods and promised attributes."""
    names = set(getattr(cls, "__abstractmethods__", ()))
    return names | set(getattr(cls, "__abstractvars__", ())) | set(getattr(cls, "__abstractclassvars__", ()))


def subclasses(cls: type) -> set[type]:
    """All classes below one class."""
    found = set()
    for child in type.__subclasses__(cls):
        found |= {child} | subclasses(child)
    return found


def violations(classes: set[type]) -> list[str]:
    """One sentence for each broken rule."""
    said = []
    for cls in classes:
        name = f"{cls.__module__}.{cls.__qualname__}"
        if bool(abstract_names(cls)) != cls.__name__.lstrip("_").startswith("Abstract"):
            said.append(f"{name}: the name must start with Abstract exactly if something is left abstract")
        for base in set(cls.__mro__[1:]) & classes:
            if not abstract_names(base):
                said.append(f"{name}: subclasses {base.__name__}, which is final")
            own = {
                n
                for n, v in vars(cls).items()
                if callable(v) and not (n.startswith("__") and n.endswith("__"))
            }
            said += [
                f"{name}: overrides {base.__name__}.{n}, which is not abstract"
                for n in own & set(vars(base)) - abstract_names(base)
            ]
    return sorted(said)


def test_classes_are_abstract_or_final():
    loaded = {m.__name__ for m in modules()}
    classes = {c for c in subclasses(eqx.Module) | subclasses(abc.ABC) if c.__module__ in loaded}
    assert {"AbstractWorld", "AbstractLearner", "AbstractMeasure"} <= {c.__name__ for c in classes}
    assert violations(classes) == []


def test_each_broken_rule_is_seen():
    class AbstractShape(eqx.Module):
        @abc.abstractmethod
        def area(self):
            """Left to subclasses."""

        def twice(self):
            return 2 * self.area()

    class Square(AbstractShape):
        def area(self):
            return 1

        def twice(self):
            return 3

    class Tile(Square):
        pass

    class AbstractNothing(eqx.Module):
        pass

    said = " ".join(violations({AbstractShape, Square, Tile, AbstractNothing}))
    assert "overrides AbstractShape.twice" in said
    assert "subclasses Square, which is final" in said
    assert "AbstractNothing: the name" in said
    assert violations({AbstractShape}) == []
