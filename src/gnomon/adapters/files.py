"""Rollouts that were made elsewhere: starts out, runs in, tied together by the checksum of the starts.

`write_starts` writes, for every experiment of the asked trials, under "trial/experiment/":

    history/<variable>   [unit, member, past, ...]   noisy observations before the run; the last is the present
    forcing/<knob>       [unit, step]                value at the start of every step of the world
    time                 [lead]                      when to save, since the start of the run

and two strings: `meta`, the sizes and units as JSON, and `identity`, which the runs must carry along. The runs come
back as "trial/experiment/<variable>" [unit, member, lead, ...]; in NetCDF "/" is written "__" and `identity` is a
global attribute. A member that blew up is declared in "trial/experiment/diverged" [unit, member]: the first lost lead,
or -1.
"""

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np

from gnomon.adapters.arrays import ArrayFile, open_arrays
from gnomon.adapters.declaration import Declaration, check_against
from gnomon.adapters.knobs import knob_table, saved_times
from gnomon.core.runner import AbstractRunner, Starts, bounds_of, escaped, lose, noisy_history
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.watch import Watch
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadData
from gnomon.spec.experiment import Experiment
from gnomon.spec.identity import checksum, identity


class Rollouts(NamedTuple):
    """A file of runs and what was declared of it.

    Attributes:
        file: its table of contents.
        declared: the mapping of variables and units.
        ties: "trial/experiment" -> checksum of the starts it was run from.
    """

    file: ArrayFile
    declared: Declaration
    ties: dict[str, str]

    @property
    def places(self) -> tuple[str, ...]:
        """Every "trial/experiment" that the file holds arrays of."""
        return tuple(sorted({name.rpartition("/")[0] for name in self.file.shapes} - {""}))


def open_rollouts(path: Path, declared: Declaration, card: WorldCard) -> Rollouts:
    """Look into a file of runs; nothing of its data is read yet."""
    check_against(declared, card, path.name)
    file = open_arrays(path)
    if "identity" not in file.text:
        raise BadData(
            f"{path.name} does not say which starts it was run from; copy the string 'identity' of the starts file "
            "into it (in NetCDF as a global attribute)"
        )
    try:
        ties = json.loads(file.text["identity"])
    except ValueError:
        ties = None
    if not isinstance(ties, dict):
        raise BadData(
            f"{path.name}: the string 'identity' is not the one of a starts file; copy it unchanged"
        )
    rollouts = Rollouts(file, declared, ties)
    if not rollouts.places:
        raise BadData(f"{path.name} holds no runs; expected arrays named trial/experiment/variable")
    return rollouts


class FilesRunner(AbstractRunner):
    """Hands over runs that lie in a file, after checking that they are what the experiment asked for."""

    rollouts: Rollouts = eqx.field(static=True)
    card: WorldCard = eqx.field(static=True)

    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs | Unsupported:
        """See `AbstractRunner.run`."""
        if "obs" not in experiment.outputs or "timing" in experiment.outputs:
            return Unsupported(
                experiment.label, f"a file holds observations, not {', '.join(experiment.outputs)}"
            )
        seen = noisy_history(self.card, starts, experiment.members, seed=seed)
        place = self._place(experiment, tie(self.card, experiment, seen))
        if place is None:
            return Unsupported(experiment.label, f"{self.rollouts.file.path.name} holds no runs of it")
        words = {(m.name or word): word for word, m in self.rollouts.declared.variables.items()}
        watch.check(place)
        obs = {
            v.name: self._read(place, words.get(v.name, v.name), v.name, experiment)
            for v in self.card.variables
        }
        lost = self._lost(place, experiment, obs, starts)
        times = saved_times(self.card, experiment)
        return Runs(
            label=experiment.label, obs={k: np.asarray(v, np.float32) for k, v in obs.items()}, time=times,
            forcing=knob_table(self.card, experiment, times), diverged=lost, exponents=None,
            initial={k: v[:, 0, -1] for k, v in seen.items()}, cost={},
        )  # fmt: skip

    def _place(self, experiment: Experiment, wanted: str) -> str | None:
        """Where in the file the runs of an experiment lie; None where there are none.

        Two trials may use one label, so what decides is the tie: the same starts and the same order.
        """
        file = self.rollouts.file
        named = [p for p in self.rollouts.places if p.rpartition("/")[2] == experiment.label]
        for place in named:
            if self.rollouts.ties.get(place) == wanted:
                return place
        if named and not any(t == wanted for t in self.rollouts.ties.values()):
            raise BadData(
                f"{file.path.name}: {named[0]} was not run from these starts; write them again with gnomon starts "
                "(same world, trials, seed and store) and rerun the model"
            )
        return None

    def _read(self, place: str, word: str, name: str, experiment: Experiment) -> np.ndarray:
        variable = next(v for v in self.card.variables if v.name == name)
        mapped = self.rollouts.declared.variables.get(word)
        stated = self.rollouts.file.units.get(f"{place}/{word}")
        scale = None if mapped is None else mapped.scale
        if stated is not None and stated != variable.units and scale is None:
            raise BadData(
                f"{self.rollouts.file.path.name}: {place}/{word} is in {stated!r} but {self.card.name} has {name!r} in "
                f"{variable.units!r}; declare a scale (world units per unit of the file)"
            )
        shape = (experiment.units, experiment.members, experiment.steps, *variable.shape)
        raw = self.rollouts.file.read(f"{place}/{word}", shape)
        return raw * (1.0 if scale is None else scale) + (0.0 if mapped is None else mapped.offset)

    def _lost(
        self, place: str, experiment: Experiment, obs: dict[str, np.ndarray], starts: Starts
    ) -> np.ndarray:
        """[unit, member] the first lost lead; blanks everything after it. NaN that nobody declared is an error."""
        file = self.rollouts.file
        shape = (experiment.units, experiment.members)
        lost = np.full(shape, -1)
        if f"{place}/diverged" in file.shapes:
            stated = file.read(f"{place}/diverged", shape)
            good = (stated == np.round(stated)) & (stated >= -1) & (stated < experiment.steps)
            if not good.all():
                raise BadData(
                    f"{file.path.name}: {place}/diverged holds {stated[~good][0]:g}; expected the first lost lead, "
                    f"0 .. {experiment.steps - 1}, or -1"
                )
            lost = stated.astype(int)
        leads = np.arange(experiment.steps)
        gone = (lost[..., None] >= 0) & (leads >= lost[..., None])
        for name, x in obs.items():
            bad = ~np.isfinite(x).reshape(*shape, experiment.steps, -1).all(axis=-1) & ~gone
            if bad.any():
                unit, member, lead = (int(i) for i in np.argwhere(bad)[0])
                raise BadData(
                    f"{file.path.name}: {place}/{name} is not finite at unit {unit}, member {member}, lead {lead} "
                    f"({int(bad.sum())} places); where the model blew up, say so in {place}/diverged "
                    "(first lost lead, or -1)"
                )
        bounds = bounds_of(self.card, starts)
        flat = {k: x.reshape(-1, *x.shape[2:]) for k, x in obs.items()}  # views: `lose` blanks `obs` itself
        away = escaped(self.card, flat, bounds) | gone.reshape(-1, experiment.steps)
        return lose(flat, away).reshape(shape)


def tie(card: WorldCard, experiment: Experiment, seen: dict[str, np.ndarray]) -> str:
    """Checksum of what a model is given: the history it sees and the order it must follow."""
    arrays = b"".join(
        np.ascontiguousarray(seen[v.name], float).tobytes() for v in card.variables if v.name in seen
    )
    return checksum(arrays + identity("order", experiment).encode())


def start_arrays(
    trial: str, card: WorldCard, experiment: Experiment, starts: Starts, *, history: int, seed: int
) -> dict[str, Any]:
    """What an external model needs for one experiment, plus its tie under "identity" and its sizes under "meta"."""
    place = f"{trial}/{experiment.label}"
    seen = noisy_history(card, starts, experiment.members, seed=seed)
    steps = (experiment.discard + experiment.steps) * experiment.stride
    knobs = knob_table(card, experiment, np.arange(steps) * card.dt)
    return {
        **{f"{place}/history/{k}": v[:, :, -history:] for k, v in seen.items()},
        **{f"{place}/forcing/{k}": v for k, v in knobs.items()},
        f"{place}/time": saved_times(card, experiment),
        "identity": {place: tie(card, experiment, seen)},
        "meta": {
            place: {
                "units": experiment.units, "members": experiment.members, "discard": experiment.discard,
                "steps": experiment.steps, "stride": experiment.stride, "dt": card.dt,
                "saves": "mean over the stride" if experiment.average else "instant at its end",
            }
        },
    }  # fmt: skip


def starts_file(card: WorldCard, pieces: list[dict[str, Any]]) -> bytes:
    """The bytes of a starts file."""
    arrays: dict[str, Any] = {}
    ties: dict[str, str] = {}
    sizes: dict[str, Any] = {}
    for piece in pieces:
        ties |= piece["identity"]
        sizes |= piece["meta"]
        arrays |= {k: v for k, v in piece.items() if k not in ("identity", "meta")}
    meta = {
        "world": card.name,
        "time_units": card.time_units,
        "variables": {v.name: {"units": v.units, "shape": v.shape} for v in card.variables},
        "experiments": sizes,
    }
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, identity=np.array(json.dumps(ties)), meta=np.array(json.dumps(meta)), **arrays
    )
    return buffer.getvalue()
