"""The logistic map."""

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class Logistic(AbstractMapWorld):
    r"""A population that doubles and starves: the simplest chaos there is.

    .. math::
        x' = r x (1 - x)

    May (1976), Simple mathematical models with very complicated dynamics, doi:10.1038/261459a0.
    """

    about = MapAbout(
        state=("x",),
        parameters={"r": 3.9},
        knob="r",
        knob_means="growth rate",
        low=3.86,
        high=3.94,
        start=(0.4,),
        notes=(
            "At r = 4 every orbit escapes with the smallest noise and rounding ends some; 3.9 is inside.",
            "Narrow windows of periodic orbits are dense in the range of r.",
        ),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        (x,) = u
        return (p["r"] * x * (1 - x),)
