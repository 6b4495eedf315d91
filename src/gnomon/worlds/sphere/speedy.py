"""The moist atmosphere: jcm's SPEEDY physics over real terrain and prescribed sea-surface temperatures."""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.columns import AbstractColumnWorld, Change, Columns, Physics
from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import Obs, Time
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.sphere.calendar import advance, calendar_of, dated_value, month_weights, season
from gnomon.worlds.sphere.gauss import gauss
from gnomon.worlds.sphere.machine import Air, Machine, air_of, build, column_of, grid_state, native
from gnomon.worlds.sphere.physics_slot import change_of, columns_of, daily_sun, tendency_of, thickness_of
from gnomon.worlds.sphere.pool import draw
from gnomon.worlds.sphere.seen import lifted, near_ground, observed
from gnomon.worlds.sphere.speedy_card import speedy_card
from gnomon.worlds.sphere.surface import ANOMALIES, YEAR, anomalies, felt_orography, surface, winter_pattern

BOUNDARIES = (0.0, 0.05, 0.14, 0.26, 0.42, 0.6, 0.77, 0.9, 1.0)  # SPEEDY's eight layers
MINUTES, INNER = 30.0, 12  # inner step, and how many make the six hours between two calls
DT = 0.25
MOST_SPINUP = 3650.0  # days
FROZEN = 0.15  # a cell with this share of ice or more is not "ocean"
WARMED = ("ocean", "ocean_and_ice", "all")
TRUNCATIONS = (21, 31)
FLUXES = ("pr", "evspsbl", "rtmt", "tas")


class Moist(NamedTuple):
    """The state of the moist atmosphere.

    Attributes:
        air: what the dynamics moves.
        clock: days since the first of January.
        pr: precipitation, mean over the last step, kg m-2 s-1 [lat, lon].
        evspsbl: evaporation, mean over the last step, kg m-2 s-1.
        rtmt: net downward radiation at the top, mean over the last step, W m-2.
        tas: air temperature near the ground half an hour before the end of the last step, K.
    """

    air: Air
    clock: Array
    pr: Array
    evspsbl: Array
    rtmt: Array
    tas: Array


class Speedy(AbstractColumnWorld[Moist]):
    r"""A moist atmosphere of intermediate complexity: spectral dynamics, eight layers, SPEEDY physics.

    .. math::
        \partial_t \zeta = \nabla \times (-\eta \hat k \times v - \dot\sigma \partial_\sigma v - R T \nabla \ln p_s)
        + F_\zeta,
        \quad \partial_t T = -v \cdot \nabla T - \dot\sigma \partial_\sigma T + \kappa T \omega / p + Q / c_p,
        \quad \partial_t q = -v \cdot \nabla q - \dot\sigma \partial_\sigma q + E - C,
        \quad \partial_t \ln p_s = -\int_0^1 (\nabla \cdot v + v \cdot \nabla \ln p_s) \, d\sigma

    with divergence, the hydrostatic equation and scale-selective diffusion besides. Convection, condensation,
    clouds, short- and long-wave radiation, surface fluxes and vertical diffusion are SPEEDY's (Molteni 2003,
    doi:10.1007/s00382-002-0268-2), in JAX by jcm on dinosaur (Kochkov and others 2024,
    doi:10.1038/s41586-024-07744-y). No diurnal cycle: the sun is a daily mean.

    The lower boundary is prescribed everywhere: monthly climatologies of sea-surface temperature, ice and *land
    temperature*, taken to hold in the middle of each month, linear between; a perpetual month holds its record and
    the sun of its 15th. `amip` adds the packaged anomalies of 1979-2013, from January 1979 (zero poleward of 55
    degrees, where they are junk; clipped at 6 K).

    Knobs: `enso` times the mean sea-surface anomaly of one winter over the tropical Pacific (its `pattern`),
    `warming` (K) added to the surface of the cells named by `warmed`: "ocean" (less than 15 % ice), "ocean_and_ice"
    (all sea; the ice itself does not get warmer than freezing) or "all" (sea, ice and the prescribed land).

    The state carries the clock, and the mean fluxes of its last step: `time` belongs to the knobs. Shortwave
    radiation is computed every third inner step; four times a step, always at its start, so that nothing else needs
    to be carried over.

    Other values of the four tuning arguments make a second physics (the card's `imperfect`, the control `peer`). It
    shares dynamics, terrain and code with this one and is not an independent model.

    What misleads: land and ice cannot warm by themselves, and the radiative response is not physical (feedback about
    zero): land-sea contrast, polar amplification and feedback must not be graded. Eight layers, the highest at 25 hPa:
    50 hPa is at the edge of what is resolved. T21 holds no fronts.
    """

    card: WorldCard = eqx.field(static=True)
    truncation: int = eqx.field(static=True)
    calendar: str = eqx.field(static=True)
    warmed: str = eqx.field(static=True)
    climatology: dict[str, Float[Array, "month lon lat"]]
    albedo: Float[Array, "lon lat"]
    dated: Float[Array, "month lon lat"] | None
    pattern: Float[Array, "lon lat"]
    convection_hours: Float[Array, ""]
    cloud_albedo: Float[Array, ""]
    rain_threshold: Float[Array, ""]
    sea_exchange: Float[Array, ""]

    def __init__(
        self,
        truncation: int = 21,
        calendar: str = "january",
        warmed: str = "ocean",
        pattern: str = "1997/98",
        convection_hours: float = 6.0,
        cloud_albedo: float = 0.43,
        rain_threshold: float = 0.9,
        sea_exchange: float = 1.0,
        spinup: float | None = None,
    ):
        """Make the world; nothing is run and jcm is not imported yet.

        Args:
            truncation: total wavenumber, 21 or 31.
            calendar: a perpetual month ("january" … "december"), "annual", or "amip" for the years 1979-2013.
            warmed: cells that the knob `warming` warms: "ocean", "ocean_and_ice" or "all".
            pattern: the winter whose anomaly is one unit of `enso`, as in "1982/83"; or "la_nina_1988".
            convection_hours: relaxation time of deep convection.
            cloud_albedo: of a full cloud cover.
            rain_threshold: relative humidity above which it rains on the large scale.
            sea_exchange: factor on the exchange of momentum, heat and moisture with the sea.
            spinup: days from a drawn state until a run counts. None for what the card knows: 20 where spun-up states
                ship, otherwise 60. Fewer make a smoke study cheap, and its units less independent of what ships.
        """
        if truncation not in TRUNCATIONS:
            raise BadSpec(f"speedy: truncation is {truncation}; SPEEDY's tuning is kept for 21 and 31")
        if spinup is not None and not 0 < spinup <= MOST_SPINUP:
            raise BadSpec(
                f"speedy: spinup is {spinup} days; expected more than 0 and at most {MOST_SPINUP:g}"
            )
        if warmed not in WARMED:
            raise BadSpec(f"speedy: warmed is {warmed!r}; expected one of {', '.join(WARMED)}")
        kept, here = calendar_of(calendar), surface(truncation)
        turned = lambda x: jnp.asarray(np.swapaxes(x, -1, -2), float)  # noqa: E731
        self.climatology = {
            name: turned(getattr(here, name)[kept.records])
            for name in ("sst", "ice", "land_temperature", "snow", "soil_wetness")
        }
        self.albedo = turned(here.albedo)
        self.dated = turned(anomalies(truncation)) if kept.dated else None
        self.pattern = turned(winter_pattern(truncation, pattern))
        self.convection_hours = jnp.asarray(float(convection_hours))
        self.cloud_albedo = jnp.asarray(float(cloud_albedo))
        self.rain_threshold = jnp.asarray(float(rain_threshold))
        self.sea_exchange = jnp.asarray(float(sea_exchange))
        self.truncation, self.calendar, self.warmed = truncation, calendar, warmed
        self.card = speedy_card(
            truncation=truncation, calendar=calendar, warmed=warmed, pattern=pattern,
            convection_hours=float(convection_hours), cloud_albedo=float(cloud_albedo),
            rain_threshold=float(rain_threshold), sea_exchange=float(sea_exchange), spinup=spinup,
        )  # fmt: skip

    @property
    def machine(self) -> Machine:
        """The solver; imported and built when first asked for."""
        return build(self.truncation, minutes=MINUTES, boundaries=BOUNDARIES, ground="earth")

    def init(self, *, key: PRNGKeyArray) -> Moist:
        """A shipped, spun-up state moved along the difference of two others; no flux has been measured yet."""
        kept = calendar_of(self.calendar)
        return self.starting(draw("speedy", self.truncation, season(kept), key=key))

    def starting(self, air: Air) -> Moist:
        """Air at the start of the calendar; its fluxes are zero."""
        none = jnp.zeros_like(self.albedo.T)
        column = column_of(grid_state(self.machine, air))
        return Moist(
            air=air,
            clock=jnp.asarray(calendar_of(self.calendar).start, none.dtype),
            pr=none,
            evspsbl=none,
            rtmt=none,
            tas=near_ground(column, self.machine.sigma),
        )

    def step(self, state: Moist, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Moist:
        """Six hours later: twelve inner steps under the boundary and the knobs of their middle; `key` is not used."""
        from jcm.physics.speedy.physics_data import ModRadConData, SWRadiationData
        from jcm.physics_interface import compute_physics_step_gridpoint

        machine, kept = self.machine, calendar_of(self.calendar)
        middle = advance(kept, state.clock, DT / 2)
        below = self.boundary(middle, forcing.at(time + DT / 2))
        physics = self._physics(machine)
        shape, layers = machine.coords.horizontal.nodal_shape, len(BOUNDARIES) - 1

        def inner(carry: Any, _: None) -> Any:
            core, radiation = carry
            tendency, told = compute_physics_step_gridpoint(
                machine.core.to_physics_state(core), below, machine.terrain, radiation,
                physics=physics, time_step=60.0 * MINUTES,
            )  # fmt: skip
            exchange, near = told["surface_exchange"], told["_surface_flux"]
            fluxes = (
                exchange.precipitation, exchange.evaporation,
                told["_shortwave_rad"].ftop - told["_longwave_rad"].ftop, near.t0,
            )  # fmt: skip
            return (machine.core.step(core, tendency), {name: told[name] for name in radiation}), fluxes

        # Between its own steps shortwave radiation lends its heating, and its transmissivities to the longwave.
        none = {
            "_shortwave_rad": SWRadiationData.zeros(shape, layers, compute_shortwave=jnp.asarray(False)),
            "_mod_radcon": ModRadConData.zeros(shape, layers),
        }
        start = (native(state.air), none)
        (core, _), fluxes = jax.lax.scan(inner, start, None, length=INNER)
        rain, evaporation, top, near = fluxes
        return Moist(
            air=air_of(core),
            clock=advance(kept, state.clock, DT),
            pr=rain.mean(0).T,
            evspsbl=evaporation.mean(0).T,
            rtmt=top.mean(0).T,
            tas=near[-1].T,
        )

    @property
    def sigma(self) -> np.ndarray:
        """Of the layers' middles."""
        return self.machine.sigma

    @property
    def thickness(self) -> np.ndarray:
        """Of SPEEDY's layers."""
        return thickness_of(self.machine)

    @property
    def inner(self) -> float:
        """The inner step, s."""
        return 60.0 * MINUTES

    @property
    def days(self) -> float:
        """Length of the calendar, d; zero in a perpetual month."""
        kept = calendar_of(self.calendar)
        return 0.0 if not kept.runs else YEAR * (ANOMALIES // 12 if kept.dated else 1)

    def on_day(self, state: Moist, day: float) -> Moist:
        """The same air on another day; a perpetual month keeps its own."""
        return state._replace(clock=jnp.full_like(state.clock, day)) if self.days else state

    def columns(self, state: Moist, forcing: Forcing, *, time: Time) -> Columns:
        """The air, the ground below it and the sun above it."""
        told = self._told(state.clock, forcing.at(time))
        return columns_of(self.machine.core.to_physics_state(native(state.air)), told)

    def _told(self, clock: Array, knobs: Knobs) -> dict[str, Array]:
        below, here = self.boundary(clock, knobs), surface(self.truncation)
        kind, flat = self.albedo.dtype, jnp.zeros_like(self.albedo.T)
        latitude = gauss(self.truncation).lat
        return {
            "sst": below.sea_surface_temperature.T,
            "land_temperature": below.stl_am.T,
            "ice": below.sice_am.T,
            "snow": below.snowc_am.T,
            "soil_wetness": below.soilw_am.T,
            "albedo": self.albedo.T,
            "land": jnp.asarray(here.land, kind),
            "orography": jnp.asarray(felt_orography(self.truncation), kind),
            "sine": flat + jnp.asarray(np.sin(np.radians(latitude)), kind)[:, None],
            "sun": flat + daily_sun(latitude, clock)[:, None].astype(kind),
            "season": flat + jnp.cos(2 * jnp.pi * clock / YEAR).astype(kind),
        }

    def change(self, state: Moist, forcing: Forcing, *, time: Time) -> Change:
        """SPEEDY's answer in an inner step that computes shortwave radiation."""
        from jcm.physics.speedy.physics_data import ModRadConData, SWRadiationData
        from jcm.physics_interface import compute_physics_step_gridpoint

        machine = self.machine
        shape, layers = machine.coords.horizontal.nodal_shape, len(BOUNDARIES) - 1
        none = {
            "_shortwave_rad": SWRadiationData.zeros(shape, layers, compute_shortwave=jnp.asarray(False)),
            "_mod_radcon": ModRadConData.zeros(shape, layers),
        }
        tendency, told = compute_physics_step_gridpoint(
            machine.core.to_physics_state(native(state.air)), self.boundary(state.clock, forcing.at(time)),
            machine.terrain, none, physics=self._physics(machine), time_step=self.inner,
        )  # fmt: skip
        exchange = told["surface_exchange"]
        fluxes = {
            "pr": exchange.precipitation,
            "evspsbl": exchange.evaporation,
            "rtmt": told["_shortwave_rad"].ftop - told["_longwave_rad"].ftop,
            "tas": told["_surface_flux"].t0,
        }
        return change_of(tendency, fluxes)

    def step_with(
        self, physics: Physics, state: Moist, carried: Any, forcing: Forcing, *, time: Time
    ) -> tuple[Moist, Any]:
        """Six hours later under another physics, asked anew in every inner step, over the boundary of their middle."""
        machine, kept = self.machine, calendar_of(self.calendar)
        told = self._told(advance(kept, state.clock, DT / 2), forcing.at(time + DT / 2))

        def inner(both: Any, _: None) -> Any:
            core, carried = both
            change, carried = physics(columns_of(machine.core.to_physics_state(core), told), carried)
            return (machine.core.step(core, tendency_of(change)), carried), change.fluxes

        (core, carried), fluxes = jax.lax.scan(inner, (native(state.air), carried), None, length=INNER)
        moved = Moist(
            air=air_of(core),
            clock=advance(kept, state.clock, DT),
            **{name: fluxes[name].mean(0) for name in ("pr", "evspsbl", "rtmt")},
            tas=fluxes["tas"][-1],
        )
        return moved, carried

    def boundary(self, clock: Array, knobs: Knobs) -> Any:
        """The forcing of jcm at a clock and knob values."""
        from jcm.forcing import ForcingData, SolarGeometry

        kept = calendar_of(self.calendar)
        weights = month_weights(kept, clock)
        now = {k: jnp.tensordot(weights, v, axes=1) for k, v in self.climatology.items()}
        sst = now["sst"] + knobs["enso"] * self.pattern
        if self.dated is not None:
            sst = sst + dated_value(self.dated, clock)
        warm = (now["ice"] < FROZEN).astype(sst.dtype) if self.warmed == "ocean" else jnp.ones_like(sst)
        land = knobs["warming"] if self.warmed == "all" else 0.0
        phase = jnp.mod(clock, YEAR) / YEAR
        return ForcingData.zeros(
            self.albedo.shape,
            alb0=self.albedo,
            sice_am=now["ice"],
            snowc_am=now["snow"],
            soilw_am=now["soil_wetness"],
            stl_am=now["land_temperature"] + land,
            sea_surface_temperature=(sst + knobs["warming"] * warm).astype(self.albedo.dtype),
            solar=SolarGeometry(
                tyear=phase, orbital_phase=2 * jnp.pi * phase, synodic_phase=jnp.zeros_like(phase)
            ),
        )

    def _physics(self, machine: Machine) -> Any:
        """SPEEDY with this world's tuning; made in every trace, because the tuning may be traced."""
        from jcm.physics.speedy.params import Parameters
        from jcm.physics.speedy.speedy_terms import speedy_physics

        told = Parameters.default()
        sea = told.surface_flux
        parameters = dataclasses.replace(
            told,
            convection=dataclasses.replace(told.convection, trcnv=self.convection_hours),
            condensation=dataclasses.replace(told.condensation, rhlsc=self.rain_threshold),
            shortwave_radiation=dataclasses.replace(told.shortwave_radiation, albcl=self.cloud_albedo),
            surface_flux=dataclasses.replace(
                sea, cds=sea.cds * self.sea_exchange, chs=sea.chs * self.sea_exchange
            ),
        )
        physics = speedy_physics(parameters, checkpoint_terms=False)
        physics.cache_coords(machine.coords)
        physics.dt_seconds = 60.0 * MINUTES
        return physics

    def observe(self, state: Moist) -> Obs:
        """Pressure-level fields, pressures, and the fluxes of the last step; [lat, lon]."""
        fluxes = {name: getattr(state, name) for name in FLUXES}
        return observed(self.machine, state.air, moist=True) | fluxes

    def lift(self, obs: Obs, background: Moist) -> Moist:
        """The background moved until it looks like `obs`, as near as the layers allow; see `seen.lifted`."""
        fluxes = {name: obs[name].astype(background.pr.dtype) for name in FLUXES}
        return background._replace(air=lifted(self.machine, obs, background.air, moist=True), **fluxes)
