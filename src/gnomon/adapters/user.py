"""A user's own model, and files of its rollouts, as subjects of a case (registered as `user` and `files`)."""

from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import msgspec

from gnomon.adapters.callable import CallableRunner
from gnomon.adapters.declaration import Declaration, check_against, read_declaration
from gnomon.adapters.files import FilesRunner, open_rollouts
from gnomon.adapters.loading import LoadedModel, find_model, load_model
from gnomon.core.learner import AbstractBrought
from gnomon.core.runner import AbstractRunner
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadModel
from gnomon.spec.identity import checksum, identity

MEMORY = "memory:"
_in_memory: dict[str, LoadedModel] = {}  # functions of this process that lie in no file, by identity


def keep_in_memory(model: LoadedModel) -> str:
    """A target under which a function of this process is found again, in this process only."""
    _in_memory[model.identity] = model
    return MEMORY + model.identity


class UserModel(AbstractBrought):
    """A user's `step(state, forcing) -> state`. Foreign code: `runner` imports it, nothing else does.

    Attributes:
        model: "mymodel.py:step" or "package.module:attribute".
        declare: entries that take the place of those in the module's GNOMON.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "user"

    model: str
    declare: dict[str, Any] = eqx.field(static=True, default_factory=dict)

    def identity(self) -> str:
        """See `AbstractBrought.identity`; the file is read, not run."""
        return (
            self._held().identity
            if self.model.startswith(MEMORY)
            else find_model(self.model, self.declare).identity
        )

    def runner(self, card: WorldCard) -> AbstractRunner:
        """See `AbstractBrought.runner`."""
        return CallableRunner(self.loaded(card), card)

    def log(self, card: WorldCard) -> dict[str, Any]:
        """See `AbstractBrought.log`."""
        return _told(self.declared())

    def loaded(self, card: WorldCard) -> LoadedModel:
        """The function, imported, after its declaration was held against the world."""
        check_against(self.declared(), card, self.model)
        if self.model.startswith(MEMORY):
            return self._held()
        return load_model(self.model, trust=True, overrides=self.declare)

    def declared(self) -> Declaration:
        """What it says of itself."""
        return (
            self._held().declared
            if self.model.startswith(MEMORY)
            else find_model(self.model, self.declare).declared
        )

    def _held(self) -> LoadedModel:
        found = _in_memory.get(self.model.removeprefix(MEMORY))
        if found is None:
            raise BadModel(
                "this model was a function of another session and lies in no file; put it into a file to test it again"
            )
        return found


class RolloutFiles(AbstractBrought):
    """Runs that a model wrote elsewhere, from the starts that `gnomon starts` gave it.

    Attributes:
        file: a .npz or .nc file.
        declare: variables (names, units, scales) and what it was trained on.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "user"

    file: str
    declare: dict[str, Any] = eqx.field(static=True, default_factory=dict)

    def identity(self) -> str:
        """See `AbstractBrought.identity`."""
        try:
            data = Path(self.file).read_bytes()
        except OSError as error:
            raise BadModel(f"file of runs {self.file} cannot be read: {error.strerror or error}") from None
        return identity("rollouts", [checksum(data), self.declared()])

    def runner(self, card: WorldCard) -> AbstractRunner:
        """See `AbstractBrought.runner`."""
        return FilesRunner(open_rollouts(Path(self.file), self.declared(), card), card)

    def log(self, card: WorldCard) -> dict[str, Any]:
        """See `AbstractBrought.log`."""
        return _told(self.declared())

    def declared(self) -> Declaration:
        """What was said of the files."""
        return read_declaration(self.declare, self.file)


def _told(declared: Declaration) -> dict[str, Any]:
    """Only what was declared, as plain data."""
    return {"declared": msgspec.to_builtins(declared)}
