"""Gray-Scott: two substances that diffuse on a plane and react; one is fed, the other eats it and is washed out."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import Time
from gnomon.numerics.integrators import Etdrk4
from gnomon.numerics.plane_spectral import Plane, Spectrum, times
from gnomon.spec.cards import Balance, Knob, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.field.plane import (
    AbstractPlaneWorld,
    checked_factors,
    checked_grid,
    checked_numbers,
    checked_rate,
    observed_fields,
    random_fields,
)
from gnomon.worlds.known import facts_that_hold, known_value, read_facts

STANDARD = {
    "points": 48, "fine": 0, "length": 1.0, "feed": 0.0215, "kill": 0.0515, "diffusion_u": 2e-5, "diffusion_v": 1e-5,
    "dt": 20.0, "substeps": 5,
}  # fmt: skip
SCALES = {"u": 0.2, "v": 0.1}  # standard deviations; checked by validation/
FED, REACTED = 5e-4, 2.8e-4  # standard deviations of the two balances; checked by validation/
SPAN = {"kill": 0.008, "feed": 0.025}  # half of the training range, as a share of the default
ISLANDS = (0.5, 0.17)  # longest and shortest wave of the fields a start is drawn from
RATE = 0.45  # a fast reaction, for the check of the inner step
UNMEASURED = (
    "The Lyapunov time of this set-up was not measured: the one given is that of the standard one, and so are lengths "
    "in it. Whether this set-up is chaotic at all was not looked at."
)


class GrayScott(AbstractPlaneWorld):
    r"""Waves of v that feed on u, split, break and die where they meet: chaos in space and time over a state at rest.

    .. math::
        u_t = D_u \nabla^2 u - u v^2 + F (1 - u), \qquad
        v_t = D_v \nabla^2 v + u v^2 - (F + k) v

    on a periodic square of side `length`. F is the knob `feed`, k the knob `kill`. Two molecules of v turn one of u
    into a third; u is fed from outside, both are washed out at the rate F, and v decays at the rate k besides. The
    kinetics are those of Gray and Scott (1984), doi:10.1016/0009-2509(84)87017-7; on a plane, with these diffusivities
    and these names of the knobs: Pearson (1993), doi:10.1126/science.261.5118.189.

    F = 0.0215 and k = 0.0515 lie between steady spots and stripes (larger k) and the u = 1 that is left where all waves
    die (smaller F). They are no point of Pearson's: of those tried they gave strong chaos that lasts. The knob `kill`
    comes first because the chaos goes on over all of its range and four half ranges beyond. What differs from Pearson's
    runs: a side of 1 and not 2.5, for a laptop; a spectral method of fourth order in time and not finite differences
    under Euler's rule.

    Budgets, exact for the equations in Fourier space: d<u>/dt = F (1 - <u>) - <u v^2> and
    d<v>/dt = <u v^2> - (F + k) <v>; in d<u + v>/dt the reaction cancels. Solved without aliasing: the product is cubic,
    so waves are kept up to a quarter of the solver's grid, which has two points for each observed one. Diffusion by
    exponential time differencing, all else by its fourth-order Runge-Kutta part; three transforms a right-hand side.

    `wrong` multiplies what this model takes a knob for. The imperfect twin lets v diffuse a tenth too fast. `fine=96`
    solves for the waves of 96 points and shows those that `points` can hold; then the twin is the same reaction solved
    on the observed points, with nothing else wrong.

    What misleads: u = 1, v = 0 is stable and nothing comes back from it. Chaos over such a state is a long transient,
    whose life grows fast with the size of the plane (on a ring of Gray-Scott elements: Wackerbauer and Kobayashi 2007,
    doi:10.1103/PhysRevE.75.066209); `python -m validation gray_scott` prints how many trajectories died out. At half
    the feed all do. The mean of u forgets itself in a quarter of a Lyapunov time, yet means over thirty-five of them
    differ between trajectories: short runs have climates of their own. The truncated waves let v fall a little below
    zero beside sharp fronts.
    """

    card: WorldCard = eqx.field(static=True)
    plane: Plane
    scheme: Etdrk4
    factors: dict[str, Float[Array, ""]]
    everywhere: Float[Array, "row mode"]
    names: tuple[str, ...] = eqx.field(static=True)
    points: int = eqx.field(static=True)
    substeps: int = eqx.field(static=True)

    def __init__(
        self,
        points: int = 48,
        fine: int = 0,
        length: float = 1.0,
        feed: float = 0.0215,
        kill: float = 0.0515,
        diffusion_u: float = 2e-5,
        diffusion_v: float = 1e-5,
        dt: float = 20.0,
        substeps: int = 5,
        wrong: dict[str, float] | None = None,
    ):
        """Make the world.

        Args:
            points: along each side, observed; products are formed on twice as many.
            fine: points along each side for whose waves the equations are solved, where more than are observed; 0 for
                `points`.
            length: of the side.
            feed: default of the knob F.
            kill: default of the knob k.
            diffusion_u: D_u.
            diffusion_v: D_v.
            dt: time between two observations.
            substeps: inner steps in each `dt`.
            wrong: factors by which this model mistakes the values of knobs; 0 leaves the term out.
        """
        solved = fine or points
        checked_grid("gray_scott", points, solved)
        checked_numbers("gray_scott", dt, substeps)
        _check_positive(length=length, feed=feed, kill=kill, diffusion_u=diffusion_u, diffusion_v=diffusion_v)
        checked_rate("gray_scott", "the reaction", RATE + feed + kill, dt / substeps)
        # a product of three fields of K waves has 3 K of them: none falls back onto a kept one where 4 K < grid
        self.plane = Plane(2 * solved, length, solved // 2 - 1)
        square = np.asarray(self.plane.square, np.float64)
        self.scheme = Etdrk4(np.stack([-diffusion_u * square, -diffusion_v * square]), dt / substeps)
        everywhere = np.zeros(square.shape)
        everywhere[0, 0] = self.plane.grid**2
        self.everywhere = jnp.asarray(everywhere)
        self.names = ("u", "v")
        self.points, self.substeps = points, substeps
        given = {
            "points": points, "fine": fine, "length": float(length), "feed": float(feed), "kill": float(kill),
            "diffusion_u": float(diffusion_u), "diffusion_v": float(diffusion_v), "dt": float(dt),
            "substeps": substeps,
        }  # fmt: skip
        knobs = _knobs(given)
        factors = checked_factors("gray_scott", wrong, knobs)
        self.factors = {name: jnp.asarray(value) for name, value in factors.items()}
        self.card = _card(given, knobs, right=all(f == 1 for f in factors.values()))

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Islands with u = 1/2 and other islands with v = 1/4 in a sea of u = 1, v = 0.

        Pearson's square has both in one place. Many such squares make waves that are whole, meet everywhere at once and
        die; where u and v have islands of their own, waves start broken and go on.
        """
        long, short = (min(max(1.0, self.plane.length / size), float(self.plane.kept)) for size in ISLANDS)
        fields = random_fields(self.plane, (2,), long, short, key=key)
        islands = (1 + jnp.tanh(3 * (self.plane.to_grid(fields) - 0.7))) / 2
        return self.state(self.spectrum(jnp.stack([1 - islands[0] / 2, islands[1] / 4])))

    def held(self, knobs: Knobs) -> Knobs:
        """The knobs as this model takes them."""
        return {name: factor * knobs[name] for name, factor in self.factors.items()}

    def evolve(self, spectrum: Spectrum, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Spectrum:
        """The spectra `card.dt` later; deterministic, `key` is not used."""
        return self.quietly(spectrum, forcing, time=time)

    def tendency(self, spectrum: Spectrum, knobs: Knobs) -> Spectrum:
        """All but diffusion."""
        taken = self.held(knobs)
        u, v = self.plane.to_grid(spectrum)
        reacted = times(self.plane.mask, self.plane.to_modes(u * v * v))
        fed = times(taken["feed"], self.everywhere - spectrum[0])
        lost = times(taken["feed"] + taken["kill"], spectrum[1])
        return jnp.stack([fed - reacted, reacted - lost])

    def speed(self, spectrum: Spectrum, knobs: Knobs) -> Float[Array, ""]:
        """The fastest rate of the kinetics, as the speed that crosses a radian of the shortest wave at that rate.

        Nothing blows here; what limits the explicit part is the larger eigenvalue of the kinetics' matrix at any point.
        """
        taken = self.held(knobs)
        u, v = self.plane.to_grid(spectrum)
        eaten, grown = v**2, 2 * u * v
        down, up = eaten + taken["feed"], grown - taken["feed"] - taken["kill"]
        middle, determinant = (up - down) / 2, eaten * grown - down * up
        apart = middle**2 - determinant
        real = jnp.abs(middle) + jnp.sqrt(jnp.maximum(apart, 0.0))
        fastest = jnp.where(apart > 0, real, jnp.sqrt(jnp.maximum(determinant, 0.0)))
        return fastest.max() / self.plane.highest

    def inner_step(self) -> float:
        """In the world's own units."""
        return self.card.dt / self.substeps


def _check_positive(**values: float) -> None:
    """Raise `BadSpec` where a size or a rate cannot be used."""
    for name, value in values.items():
        if not (np.isfinite(value) and value > 0):
            raise BadSpec(f"gray_scott: {name} must be finite and positive, got {value}")


def _knobs(given: dict) -> tuple[Knob, ...]:
    meaning = {
        "kill": "rate at which v decays, besides being washed out",
        "feed": "rate at which u is fed and both are washed out",
    }
    return tuple(
        Knob(
            name=name, default=given[name], low=(1 - share) * given[name], high=(1 + share) * given[name],
            units="1", meaning=meaning[name],
        )
        for name, share in SPAN.items()
    )  # fmt: skip


def _mistaken(given: dict) -> dict:
    """What makes the imperfect twin: the observed points where more are solved for, a wrong diffusivity elsewhere."""
    return (
        {"fine": given["points"]}
        if given["fine"] > given["points"]
        else {"diffusion_v": float(f"{1.1 * given['diffusion_v']:.6g}")}
    )


def _balances() -> tuple[Balance, ...]:
    """Of <u + v> and of <v>."""
    fed = ((1.0, ("feed",)), (-1.0, ("feed", "u")), (-1.0, ("feed", "v")), (-1.0, ("kill", "v")))
    reacted = ((1.0, ("u", "v", "v")), (-1.0, ("feed", "v")), (-1.0, ("kill", "v")))
    return (
        Balance(name="feed and loss", kind="stationary", terms=fed, scale=FED, units="1"),
        Balance(name="reaction and loss", kind="stationary", terms=reacted, scale=REACTED, units="1"),
    )


def _card(given: dict, knobs: tuple[Knob, ...], *, right: bool) -> WorldCard:
    points = given["points"]
    known = read_facts(__file__)
    facts = facts_that_hold(known, given, STANDARD) if right else ()
    return WorldCard(
        name="gray_scott",
        rung="field",
        summary=f"two substances that react and diffuse on a plane, {points} x {points} points"
        + (f" of {given['fine']}" if given["fine"] > points else ""),
        dt=given["dt"],
        time_units="1",
        variables=observed_fields(points, SCALES),
        knobs=knobs,
        timescale=1 / known_value(known, "leading_exponent", 0.003),
        spinup=3000.0,
        exponents=8,
        references=(
            "10.1126/science.261.5118.189",
            "10.1016/0009-2509(84)87017-7",
            "10.1103/PhysRevE.75.066209",
        ),
        imperfect={**{k: v for k, v in given.items() if v != STANDARD[k]}, **_mistaken(given)},
        length=given["length"],
        history=16,
        limits=(
            "The state at rest, u = 1 and v = 0, is stable: the chaos is a long transient, and a model that dies out "
            "may only have done early what the truth does late.",
            *(() if facts else (UNMEASURED,)),
        ),
        balances=_balances(),
        facts=facts,
    )
