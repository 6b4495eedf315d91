"""The dry dynamical core under the forcing of Held and Suarez."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.columns import AbstractColumnWorld, Change, Columns, Physics
from gnomon.core.forcing import Forcing
from gnomon.core.world import Obs, Time
from gnomon.spec.cards import Grid, Knob, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.known import facts_that_hold, known_value, read_facts
from gnomon.worlds.sphere.gauss import gauss
from gnomon.worlds.sphere.machine import Air, Machine, air_of, build, native
from gnomon.worlds.sphere.physics_slot import columns_of, tendency_of, thickness_of
from gnomon.worlds.sphere.pool import draw, made_from, own_pool
from gnomon.worlds.sphere.seen import lifted, observed
from gnomon.worlds.sphere.speedy_card import HISTORY, LANES, plain, variables

STANDARD = {"truncation": 21, "layers": 10, "friction_days": 1.0, "cooling_days": 40.0}
MINUTES = {21: 30.0, 31: 30.0, 42: 20.0}  # inner step
DT = 0.25
DAY = 86400.0
BOUNDARY_LAYER = 0.7  # sigma of its top
COLDEST, WARMEST, CONTRAST, STABILITY = 200.0, 315.0, 60.0, 10.0  # K
SURFACE_DAYS = 4.0  # relaxation time at the equator's ground
KAPPA = 2 / 7
TWIN = {"friction_days": 1.25, "cooling_days": 32.0}


class Dry(NamedTuple):
    """The state of the dry core.

    Attributes:
        air: what the dynamics moves; humidity is zero.
    """

    air: Air


class HeldSuarez(AbstractColumnWorld[Dry]):
    r"""Primitive equations on a smooth, dry sphere, drawn towards a climate by the simplest forcing there is.

    .. math::
        \partial_t T = \dots - k_T(\phi, \sigma) (T - T_{eq}), \quad \partial_t v = \dots - k_v(\sigma) v, \qquad
        T_{eq} = \max\{200, [315 - \Delta T \sin^2\phi - 10 \ln(p/p_0) \cos^2\phi] (p/p_0)^\kappa\}

        k_T = k_a + (k_s - k_a) b(\sigma) \cos^4\phi, \quad k_v = k_f b(\sigma), \quad
        b = \max(0, (\sigma - 0.7)/0.3)

    with k_f = 1/day (`friction_days`), k_a = 1/(40 days) (`cooling_days`), k_s = 1/(4 days), p_0 = 1000 hPa. The
    knob `delta_t` is the contrast between equator and pole, 60 K by default. The same at every longitude and in
    both hemispheres.

    Held and Suarez (1994), doi:10.1175/1520-0477(1994)075<1825:APFTIO>2.0.CO;2, used 20 layers and T42 or finer;
    here evenly spaced layers, ten by default, in jcm's core on dinosaur (Kochkov and others 2024,
    doi:10.1038/s41586-024-07744-y) with its diffusion. Nearest the ground, `tas` is the lowest layer's temperature
    continued downwards by 6.5 K/km.

    What misleads: there is no water, no land and no season; the response to `delta_t` is that of the forcing, not of a
    climate. At T21 and ten layers jets and eddies are weaker than the paper's.
    """

    card: WorldCard = eqx.field(static=True)
    truncation: int = eqx.field(static=True)
    layers: int = eqx.field(static=True)
    friction_days: Float[Array, ""]
    cooling_days: Float[Array, ""]

    def __init__(
        self,
        truncation: int = 21,
        layers: int = 10,
        friction_days: float = 1.0,
        cooling_days: float = 40.0,
    ):
        """Make the world; nothing is run and jcm is not imported yet.

        Args:
            truncation: total wavenumber, 21, 31 or 42.
            layers: of equal mass.
            friction_days: time in which wind at the ground decays.
            cooling_days: time in which the free air relaxes.
        """
        if truncation not in MINUTES:
            raise BadSpec(
                f"held_suarez: truncation is {truncation}; expected one of {', '.join(map(str, MINUTES))}"
            )
        if not 5 <= layers <= 40:
            raise BadSpec(f"held_suarez: layers is {layers}; expected 5 to 40")
        self.truncation, self.layers = truncation, layers
        self.friction_days = jnp.asarray(float(friction_days))
        self.cooling_days = jnp.asarray(float(cooling_days))
        self.card = _card(
            truncation=truncation, layers=layers, friction_days=float(friction_days),
            cooling_days=float(cooling_days),
        )  # fmt: skip

    @property
    def machine(self) -> Machine:
        """The solver; imported and built when first asked for."""
        boundaries = tuple(float(b) for b in np.linspace(0.0, 1.0, self.layers + 1))
        return build(self.truncation, minutes=MINUTES[self.truncation], boundaries=boundaries, ground="flat")

    def init(self, *, key: PRNGKeyArray) -> Dry:
        """A shipped, spun-up state moved along the difference of two others."""
        return self.starting(draw("held_suarez", self.truncation, "always", key=key, layers=self.layers))

    def starting(self, air: Air) -> Dry:
        """A state made of air."""
        return Dry(air)

    def step(self, state: Dry, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Dry:
        """Six hours later; `key` is not used."""
        from jcm.physics_interface import PhysicsTendency

        machine = self.machine
        contrast = forcing.at(time + DT / 2)["delta_t"]
        inner = round(DT * 24 * 60 / MINUTES[self.truncation])

        def advance(_: int, core: Any) -> Any:
            now = machine.core.to_physics_state(core)
            friction, heating = self.drawn(now, machine, contrast)
            tendency = PhysicsTendency(
                u_wind=-friction * now.u_wind,
                v_wind=-friction * now.v_wind,
                temperature=heating,
                specific_humidity=jnp.zeros_like(now.temperature),
            )
            return machine.core.step(core, tendency)

        return Dry(air_of(jax.lax.fori_loop(0, inner, advance, native(state.air))))

    def drawn(self, now: Any, machine: Machine, contrast: Array) -> tuple[Array, Array]:
        """Friction (s-1) and heating (K s-1) of jcm's grid state."""
        temperature = now.temperature
        pressure = now.normalized_surface_pressure
        sigma = jnp.asarray(machine.sigma, temperature.dtype)[:, None, None]
        sine = jnp.asarray(np.sin(np.radians(gauss(self.truncation).lat)), temperature.dtype)
        cosine2 = 1 - sine**2
        ratio = sigma * pressure  # the reference pressure of the core is p_0
        target = WARMEST - contrast * sine**2 - STABILITY * jnp.log(ratio) * cosine2
        target = jnp.maximum(COLDEST, target * ratio**KAPPA)
        low = jnp.maximum(0.0, (sigma - BOUNDARY_LAYER) / (1 - BOUNDARY_LAYER))
        slow = 1 / self.cooling_days
        rate = (slow + (1 / SURFACE_DAYS - slow) * low * cosine2**2) / DAY
        return low / self.friction_days / DAY, -rate * (temperature - target)

    @property
    def sigma(self) -> np.ndarray:
        """Of the layers' middles."""
        return self.machine.sigma

    @property
    def thickness(self) -> np.ndarray:
        """The same for all layers."""
        return thickness_of(self.machine)

    @property
    def inner(self) -> float:
        """The inner step, s."""
        return 60.0 * MINUTES[self.truncation]

    @property
    def days(self) -> float:
        """No date matters."""
        return 0.0

    def on_day(self, state: Dry, day: float) -> Dry:
        """Unchanged."""
        return state

    def columns(self, state: Dry, forcing: Forcing, *, time: Time) -> Columns:
        """The air, and where it is."""
        return columns_of(
            self.machine.core.to_physics_state(native(state.air)), self._told(forcing.at(time)["delta_t"])
        )

    def _told(self, contrast: Array) -> dict[str, Array]:
        sine = np.sin(np.radians(gauss(self.truncation).lat))[:, None]
        flat = jnp.zeros((len(self.card.grid.lat), len(self.card.grid.lon)) if self.card.grid else ())
        return {"sine": flat + jnp.asarray(sine, flat.dtype), "delta_t": flat + contrast.astype(flat.dtype)}

    def change(self, state: Dry, forcing: Forcing, *, time: Time) -> Change:
        """Friction and Newtonian cooling."""
        now = self.machine.core.to_physics_state(native(state.air))
        friction, heating = self.drawn(now, self.machine, forcing.at(time)["delta_t"])
        return Change(
            u=(-friction * now.u_wind).T,
            v=(-friction * now.v_wind).T,
            temperature=heating.T,
            humidity=jnp.zeros_like(heating).T,
            fluxes={},
        )

    def step_with(
        self, physics: Physics, state: Dry, carried: Any, forcing: Forcing, *, time: Time
    ) -> tuple[Dry, Any]:
        """Six hours later under another friction and heating, asked for anew in every inner step."""
        machine = self.machine
        told = self._told(forcing.at(time + DT / 2)["delta_t"])

        def advance(both: Any, _: None) -> Any:
            core, carried = both
            change, carried = physics(columns_of(machine.core.to_physics_state(core), told), carried)
            return (machine.core.step(core, tendency_of(change)), carried), None

        inner = round(DT * DAY / self.inner)
        (core, carried), _ = jax.lax.scan(advance, (native(state.air), carried), None, length=inner)
        return Dry(air_of(core)), carried

    def observe(self, state: Dry) -> Obs:
        """Pressure-level fields and pressures; [lat, lon]."""
        return observed(self.machine, state.air, moist=False)

    def lift(self, obs: Obs, background: Dry) -> Dry:
        """The background moved until it looks like `obs`, as near as the layers allow; see `seen.lifted`."""
        return Dry(lifted(self.machine, obs, background.air, moist=False))


def _card(*, truncation: int, layers: int, friction_days: float, cooling_days: float) -> WorldCard:
    given = {
        "truncation": truncation, "layers": layers, "friction_days": friction_days, "cooling_days": cooling_days,
    }  # fmt: skip
    grid, facts = gauss(truncation), read_facts(__file__)
    shape = (len(grid.lat), len(grid.lon))
    zeros = (0.0,) * (shape[0] * shape[1])
    own = own_pool("held_suarez", truncation, "always") and layers == STANDARD["layers"]
    return WorldCard(
        name="held_suarez",
        rung="sphere",
        summary=f"the dry dynamical core under Held and Suarez's forcing at T{truncation}, {layers} layers",
        dt=DT,
        time_units="d",
        variables=variables("held_suarez", shape),
        knobs=(
            Knob(
                name="delta_t",
                default=CONTRAST,
                low=50.0,
                high=70.0,
                units="K",
                meaning="contrast of the temperature towards which the air is drawn, between equator and pole",
            ),
        ),
        timescale=known_value(facts, "lyapunov_time", 5.0),
        spinup=20.0 if own else 60.0,
        exponents=1,
        references=(
            "10.1175/1520-0477(1994)075<1825:APFTIO>2.0.CO;2",
            "10.1038/s41586-024-07744-y",
        ),
        imperfect={**{k: v for k, v in given.items() if k not in TWIN and v != STANDARD[k]}, **TWIN},
        grid=Grid(
            lat=plain(grid.lat, 8),
            lon=plain(grid.lon, 8),
            weights=plain(grid.weights, 12),
            land=zeros,
            orography=zeros,
            truncation=truncation,
        ),
        data=made_from("held_suarez", truncation, "always"),
        errors="lagged",
        averages=True,
        lanes=LANES,
        history=HISTORY,
        limits=(
            "There is no water, no land and no season: rain, radiation and land-sea contrast cannot be asked.",
            f"T{truncation} and {layers} layers: jets and eddies are weaker than the paper's; no stratosphere.",
        ),
        facts=facts_that_hold(facts, given, STANDARD),
    )
