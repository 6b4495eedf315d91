"""The bench: every node a case needs, fetched from the store or made and stored, each once.

A node's recipe holds everything that decides its numbers; its identity is the recipe's content address. See
docs/design/spine.md for the cast (truth, floor, null, subject) and their streams of starts.
"""

import shutil
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from gnomon.adapters.jax_runner import SimulatorRunner, WorldRunner, make_starts
from gnomon.core import persist
from gnomon.core.attendance import attended
from gnomon.core.learner import AbstractBrought, AbstractControl, AbstractLearner, Data, Fit
from gnomon.core.lesson import (
    LESSON,
    AbstractTaughtLearner,
    Lesson,
    LessonPlan,
    TaughtWorld,
    columns_of_world,
    lesson_of,
)
from gnomon.core.runner import AbstractRunner, Starts, key_of
from gnomon.core.runs import Observed, Runs, Unsupported
from gnomon.core.watch import Watch
from gnomon.core.world import AbstractWorld
from gnomon.engine.codec import (
    pack_data,
    pack_lesson,
    pack_runs,
    pack_starts,
    unpack_data,
    unpack_lesson,
    unpack_runs,
    unpack_starts,
)
from gnomon.engine.controlled import controlled_run
from gnomon.engine.recall import Recall
from gnomon.engine.training_data import data_experiment, with_error
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadModel
from gnomon.spec.experiment import Experiment
from gnomon.spec.identity import identity, seed_of
from gnomon.spec.registry import build
from gnomon.spec.study import Case, Ref
from gnomon.spec.versions import ENGINE
from gnomon.spec.wrappers import inner_versions
from gnomon.store.collect import TRAINING
from gnomon.store.results import Store
from gnomon.trials.nulls import NO_RESPONSE, make_null

HISTORY = 64  # the most past observations that a world may keep before a start; no context is longer
STREAMS = {"truth": "A", "floor": "B", "subject": "C", "null": "D", "null control": "E"}
CACHE_BYTES = 1_500_000_000
REMEMBERED, REMEMBERED_BYTES = 120, 2_000_000_000

Recipe = dict[str, Any]


class Bench:
    """Makes nodes for the cases of one process. Long-lived: what was made or read last stays at hand."""

    def __init__(self, store: Store):
        self.store = store
        self.watch = Watch()
        self.used: set[str] = set()
        self.made: dict[str, float] = {}
        self._held: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._remembered = Recall(REMEMBERED, REMEMBERED_BYTES)
        self._worlds: dict[str, AbstractWorld] = {}
        self._addresses: dict[str, tuple[WorldCard, str]] = {}

    def world(self, ref: Ref) -> AbstractWorld:
        """The world of a reference, built once."""
        name = identity("world", [ref.kind, ref.args])
        if name not in self._worlds:
            self._worlds[name] = build("worlds", ref.kind, ref.args)
        return self._worlds[name]

    def remember(self, key: Any, make: Callable[[], Any]) -> Any:
        """Anything that several cases of this process share beside nodes; the least recently used is dropped."""
        if key not in self._remembered:
            before, self.used = self.used, set()
            try:
                value = make()
                self._remembered.put(key, value, frozenset(self.used))
            finally:
                self.used |= before
        value, nodes = self._remembered.get(key)
        self.used |= nodes  # what is recalled still counts as used, or gc would take it away
        return value

    def starts(self, case: Case, experiment: Experiment, role: str) -> Starts:
        """Where a role's runs begin."""
        world = self.world(case.world)
        recipe = self._starts_recipe(case, experiment, role)
        return self._node(
            "starts",
            recipe,
            make=lambda: make_starts(
                world,
                experiment.drives,
                experiment.units,
                history=world.card.history,
                seed=seed_of("starts", recipe["stream"], case.seed),
                watch=self.watch,
            ),
            pack=lambda s: (pack_starts(s), {}),
            unpack=lambda arrays, meta: unpack_starts(arrays, world),
        )

    def data(self, case: Case) -> Data:
        """The training data of a case: noisy observations under knobs that span their declared ranges."""
        card = self.world(case.world).card

        def make() -> Data:
            runs = self.run(
                case, data_experiment(case, card), "data", WorldRunner(self.world(case.world), False), {}
            )
            if isinstance(runs, Unsupported):
                raise BadModel(f"world {card.name!r} cannot make training data: {runs.reason}")
            rng = np.random.default_rng(seed_of("observation error", case.seed))
            clean = {v.name: runs.obs[v.name][:, 0] for v in card.variables}
            whole = np.logical_and.reduce([np.isfinite(c.reshape(len(c), -1)).all(1) for c in clean.values()])
            if not whole.all():
                lost = f"{int((~whole).sum())} of its {len(whole)} training runs"
                raise BadModel(f"world {card.name!r} cannot make training data: {lost} left for infinity")
            noisy = with_error(card, clean, rng)
            indices = np.arange(case.data.trajectories + case.data.validation)
            return Data(
                obs=noisy,
                forcing=runs.forcing,
                time=runs.time - runs.time[0],
                train=indices[: case.data.trajectories],
                validation=indices[case.data.trajectories :],
                card=card,
            )

        return self._node(
            "data",
            self._world_recipe(case) | {"plan": msgspec.to_builtins(case.data)},
            make=make,
            pack=lambda d: (pack_data(d), {}),
            unpack=lambda arrays, meta: unpack_data(arrays, card),
        )

    def fit(self, case: Case) -> Fit:
        """The learner of a case, fitted to its data."""
        learner = build("learners", case.learner.kind, case.learner.args)
        if not isinstance(learner, AbstractLearner):
            raise BadModel(f"learner {case.learner.kind!r} is not fitted: it is a {learner.role}")
        world = self.world(case.world)
        recipe = self._world_recipe(case) | {
            "plan": msgspec.to_builtins(case.data),
            "learner": [case.learner.kind, case.learner.args],
            "learner version": learner.version,
            "imperfect": world.card.imperfect if learner.needs_prior else None,
        }

        recipe |= inside(case, learner)

        # Code that the case itself names was imported (with the user's trust) to get here.
        named = frozenset(
            k.split(":")[0].split(".")[0] for k in (case.world.kind, case.learner.kind) if ":" in k
        )

        def make() -> Fit:
            prior = None
            if learner.needs_prior:
                prior = build("worlds", case.world.kind, case.world.args | world.card.imperfect)
            half_done = self.store.root / TRAINING / identity("fit", recipe)
            with attended(self.watch, half_done):
                if isinstance(learner, AbstractTaughtLearner):
                    prior = self.taught_prior(case, learner, prior)
                fit = learner.fit(self.data(case), prior=prior, key=key_of(seed_of("fit", case.seed)))
            shutil.rmtree(half_done, ignore_errors=True)
            return fit

        def pack(fit: Fit) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
            structure, arrays = persist.dump(fit.simulator)
            return arrays, {"structure": structure, "log": fit.log}

        return self._node(
            "fit",
            recipe,
            make=make,
            pack=pack,
            unpack=lambda arrays, meta: Fit(
                persist.restore(meta["structure"], arrays, also=named), meta["log"]
            ),
        )

    def taught_prior(
        self, case: Case, learner: AbstractTaughtLearner, prior: AbstractWorld | None
    ) -> AbstractWorld:
        """The prior with a lesson of the truth, and with the lesson's own boundary where that is another."""
        plan = learner.plan()
        assert prior is not None
        core, ground = columns_of_world(prior), None
        if plan.args:
            args = case.world.args | self.world(case.world).card.imperfect | plan.args
            ground = columns_of_world(build("worlds", case.world.kind, args))
        return TaughtWorld(core.card, core, self.lesson(case, plan), ground)

    def lesson(self, case: Case, plan: LessonPlan) -> Lesson:
        """The lesson of a world by a plan, the same for every seed; from a stream of draws that nothing else uses."""
        giver = msgspec.structs.replace(
            case, world=Ref(kind=case.world.kind, args=case.world.args | plan.args), seed=0
        )
        truth = columns_of_world(self.world(giver.world))
        return self._node(
            "lesson",
            self._world_recipe(giver) | {"lesson": LESSON, "plan": msgspec.to_builtins(plan)},
            make=lambda: lesson_of(truth, plan, key=key_of(seed_of("lesson", giver.seed))),
            pack=lambda found: (pack_lesson(found), {}),
            unpack=lambda arrays, meta: unpack_lesson(arrays, truth),
        )

    def truth(self, case: Case, experiment: Experiment) -> Runs | Unsupported:
        """The truth's run."""
        return self.run(case, experiment, "truth", WorldRunner(self.world(case.world), False), {})

    def floor(self, case: Case, experiment: Experiment) -> Runs | Unsupported:
        """The twin's run."""
        return self.run(case, experiment, "floor", WorldRunner(self.world(case.world), True), {})

    def null(self, case: Case, experiment: Experiment, name: str, role: str) -> Runs | Unsupported:
        """A null's run; `role` is "null" or, for the control, "null control"."""
        world = self.world(case.world)
        if name == NO_RESPONSE:
            # Each experiment from starts of its own: the same run under every label would be no response exactly,
            # and the internal variability that a model without response has would be missing.
            still = msgspec.structs.replace(experiment, drives=())
            return self.run(case, still, f"{role} {experiment.label}", WorldRunner(world, True), {})

        def make() -> Runs | Unsupported:
            return make_null(
                name,
                experiment,
                card=world.card,
                data=self.data(case),
                starts=self.starts(case, experiment, role),
                seed=seed_of("null", role, name, case.seed, experiment.label),
            )

        recipe = self._run_recipe(case, experiment, role) | {
            "null": name,
            "plan": msgspec.to_builtins(case.data),
        }
        return self._node("truth", recipe, make=make, pack=pack_runs, unpack=unpack_runs)

    def subject(self, case: Case, experiment: Experiment) -> Runs | Unsupported:
        """The run of the case's subject: a fitted learner, a control, or a model brought by the user."""
        card = self.world(case.world).card
        learner = build("learners", case.learner.kind, case.learner.args)
        who = {
            "learner": [case.learner.kind, case.learner.args],
            "learner version": learner.version,
            "plan": msgspec.to_builtins(case.data),
            "model": case.model,
        } | inside(case, learner)
        if isinstance(learner, AbstractControl):
            return controlled_run(case, learner, experiment, world=self.world, run=self.run)
        if isinstance(learner, AbstractBrought):
            if learner.identity() != case.model:
                raise BadModel(
                    f"the files of {case.learner.shown!r} have changed since this case was planned; run it again"
                )
            return self.run(case, experiment, "subject", learner.runner(card), who)
        simulator = self.fit(case).simulator
        if simulator.card.context > card.history:
            raise BadModel(
                f"{simulator.card.name!r} wants {simulator.card.context} past observations; "
                f"{card.name} keeps {card.history}"
            )
        return self.run(case, experiment, "subject", SimulatorRunner(simulator, card), who)

    def run(
        self,
        case: Case,
        experiment: Experiment,
        role: str,
        runner: AbstractRunner,
        who: Mapping[str, Any],
        *,
        ordered: Experiment | None = None,
    ) -> Runs | Unsupported:
        """A role's run of an experiment by a runner; `who` tells subjects apart.

        `ordered`: the experiment whose starts are used, where a control runs another than was ordered.
        """
        asked = ordered or experiment
        recipe = self._run_recipe(case, asked, role) | {
            "experiment": msgspec.to_builtins(experiment),
            "who": dict(who),
        }

        def make() -> Runs | Unsupported:
            starts = self.starts(case, asked, role)
            runs = runner.run(experiment, starts, seed=seed_of("run", role, case.seed), watch=self.watch)
            return runs if isinstance(runs, Unsupported) else runs._replace(obs=Observed(runs.obs))

        kind = "runs" if who else "truth"
        return self._node(kind, recipe, make=make, pack=pack_runs, unpack=unpack_runs)

    def _card_address(self, case: Case) -> str:
        """Scales, errors, lengths, spin-up, the files behind a world: a card may change without its version."""
        card = self.world(case.world).card
        if card.name not in self._addresses:
            decisive = {k: v for k, v in card.decisive().items() if k != "shown"}  # decides scores, not runs
            self._addresses[card.name] = (card, identity("card", decisive))
        held, address = self._addresses[card.name]
        if held is not card:
            del self._addresses[card.name]
            return self._card_address(case)
        return address

    def _world_recipe(self, case: Case) -> Recipe:
        return {
            "engine": ENGINE,
            "world": [case.world.kind, case.world.args],
            "world version": self.world(case.world).card.version,
            "world card": self._card_address(case),
            "seed": case.seed,
            "precision": case.precision,
        }

    def _starts_recipe(self, case: Case, experiment: Experiment, role: str) -> Recipe:
        stream = "A" if experiment.starts == "shared" else STREAMS.get(role, role)
        base = {d.knob: [row[0] for row in d.values] for d in experiment.drives}
        default = {k.name: k.default for k in self.world(case.world).card.knobs}
        moved = {k: v for k, v in base.items() if any(x != default.get(k) for x in v)}
        return self._world_recipe(case) | {
            "stream": stream,
            "units": experiment.units,
            "history": self.world(case.world).card.history,
            "base": moved,
        }

    def _run_recipe(self, case: Case, experiment: Experiment, role: str) -> Recipe:
        return self._starts_recipe(case, experiment, role) | {
            "experiment": msgspec.to_builtins(experiment),
            "role": role,
        }

    def _node(
        self,
        kind: str,
        recipe: Recipe,
        *,
        make: Callable[[], Any],
        pack: Callable[[Any], tuple[dict[str, np.ndarray], dict[str, Any]]],
        unpack: Callable[[dict[str, np.ndarray], dict[str, Any]], Any],
    ) -> Any:
        """Fetch a node, or make and store it."""
        name = identity(kind, recipe)
        self.used.add(f"{kind}/{name}")
        if name in self._held:
            self._held.move_to_end(name)
            return self._held[name][0]
        stored = self.store.get_node(kind, name)
        if stored is not None:
            arrays, value = stored.arrays, unpack(stored.arrays, stored.meta["content"])
        else:
            value = make()
            arrays, content = pack(value)
            self.store.put_node(kind, name, arrays, {"recipe": recipe, "content": content})
            self.made[kind] = self.made.get(kind, 0) + 1
        self._hold(name, value, sum(a.nbytes for a in arrays.values()))
        return value

    def _hold(self, name: str, value: Any, size: int) -> None:
        self._held[name] = (value, size)
        while len(self._held) > 1 and sum(s for _, s in self._held.values()) > CACHE_BYTES:
            self._held.popitem(last=False)


def inside(case: Case, learner: Any) -> Recipe:
    """Versions of what a wrapping learner holds, and of the lessons of one that takes them; nothing for any other."""
    versions = inner_versions(case.learner.args)
    taken = {"lesson": LESSON} if isinstance(learner, AbstractTaughtLearner) else {}
    return ({"inside": versions} if versions else {}) | taken
