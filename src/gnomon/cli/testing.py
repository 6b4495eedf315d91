"""`gnomon test` and `gnomon starts`: a user's own model, or files of its output."""

import json
import sys
from pathlib import Path
from typing import Any, Literal

from gnomon.cli.archives import test_files
from gnomon.cli.late import late
from gnomon.cli.places import DEFAULT_STORE, open_store
from gnomon.cli.running import show_ladder, told
from gnomon.spec.errors import BadSpec


def test(
    model: str,
    /,
    *,
    world: str = "",
    trials: str = "",
    trust: bool = False,
    variables: str = "",
    dt: float | None = None,
    framework: Literal["numpy", "torch", "jax"] | None = None,
    batched: bool | None = None,
    name: str = "",
    against: str = "",
    warmed: str = "",
    study: str = "aimip",
    units: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    store: Path = DEFAULT_STORE,
    report: bool = True,
    retry: bool = False,
    quiet: bool = False,
) -> int:
    """Test your own model, or files of its output, on a world; or hold files against files.

    What is not given here is taken from the dict GNOMON in the model's file. Without a world, the model is a tree of
    CMIP or AIMIP files (or a Zarr store) and is held against another: gnomon test FILES --against FILES.

    Parameters
    ----------
    model:
        mymodel.py:step, package.module:attribute, a .npz or .nc file of runs; without a world, a folder of files.
    world:
        Name of the world (gnomon list worlds); left out, files are held against files.
    trials:
        Names with commas between; all if left out.
    trust:
        Import and run the model's code. Nothing of it is run without this.
    variables:
        Model's word = world's word, as in a=x,b=y,c=z; or JSON with units and scales.
    dt:
        Time of one call of step, in the world's time units.
    framework:
        Whose arrays the step speaks.
    batched:
        Whether the step takes many states at once.
    name:
        For tables.
    against:
        Learners to fit and show beside it, with commas between; without a world, the files of the reference.
    warmed:
        Files of the reference's runs over a warmer sea, if they lie elsewhere.
    study:
        For files: name or TOML file of the study into which they are put.
    units:
        Independent starts of every trial; fewer are faster and say less.
    seed:
        Of the truth and its starts.
    workers:
        Spawned processes; left out, everything runs in this process.
    store:
        Folder where results are kept.
    report:
        Write the HTML report at the end.
    retry:
        Run cases again that failed or were stopped.
    quiet:
        Show no progress.
    """
    if not world:
        if not against:
            raise BadSpec(
                "say on which world (--world lorenz63; gnomon list worlds), or hold files against files "
                "(gnomon test FILES --against FILES)"
            )
        return test_files(
            model, against=against, warmed=warmed, study=study, trials=_names(trials), name=name, store=store,
            workers=workers, report=report, retry=retry, quiet=quiet,
        )  # fmt: skip
    declare = _declared(variables, dt=dt, framework=framework, batched=batched)
    kept = open_store(store, create=True)
    done = late("gnomon.engine.usermodel:run_user_model")(
        model,
        world=world,
        store=kept,
        trials=late("gnomon.engine.usermodel:known_trials")(trials),
        declare=declare,
        name=name,
        against=_names(against),
        units=units,
        seed=seed,
        trust=trust,
        workers=workers,
        progress=not quiet,
        retry=retry,
    )
    for sentence in done.warnings:
        print(f"warning: {sentence}", file=sys.stderr)
    print(f"{done.study}: {told(done.summary)}", file=sys.stderr)
    show_ladder(kept, done.study, report=report)
    for result in done.results:
        if result.status != "ok":
            print(f"{result.case['trial']['kind']}: {result.status}: {result.reason}", file=sys.stderr)
    return 1 if any(r.status in ("failed", "timeout", "memory") for r in done.results) else 0


def starts(
    *,
    world: str,
    out: Path = Path("starts.npz"),
    trials: str = "",
    trial: str = "",
    units: int | None = None,
    seed: int = 0,
    history: int = 1,
    store: Path = DEFAULT_STORE,
) -> None:
    """Write the starts, forcings and run lengths that an external model must follow.

    The file says how long each experiment is; the model writes its runs to a file of its own and copies the string
    "identity" into it. Then: gnomon test runs.npz --world W, with the same trials, units, seed and store.

    Parameters
    ----------
    world:
        Name of the world.
    out:
        The file to write.
    trials:
        Names with commas between; all with observations if left out.
    trial:
        The same, for one.
    units:
        Independent starts of every trial.
    seed:
        Of the truth and its starts.
    history:
        Past observations before every start, the present included.
    store:
        Folder where results are kept; the starts are stored there.
    """
    asked = late("gnomon.engine.usermodel:known_trials")(trials or trial)
    places = late("gnomon.engine.usermodel:write_starts")(
        out,
        world=world,
        trials=asked,
        store=open_store(store, create=True),
        units=units,
        seed=seed,
        history=history,
    )
    for place in places:
        print(place)
    print(out)


def _declared(variables: str, **entries: Any) -> dict[str, Any]:
    """Entries of the declaration that the command line gives."""
    declare = {k: v for k, v in entries.items() if v is not None}
    if not variables:
        return declare
    if variables.lstrip().startswith("{"):
        try:
            return declare | {"variables": json.loads(variables)}
        except ValueError as error:
            raise BadSpec(f"--variables is not valid JSON: {error}") from None
    table = {}
    for part in variables.split(","):
        word, equals, name = part.partition("=")
        if not equals or not word.strip() or not name.strip():
            raise BadSpec(f"--variables: expected model's word = world's word, as in a=x,b=y; got {part!r}")
        table[word.strip()] = {"name": name.strip()}
    return declare | {"variables": table}


def _names(text: str) -> tuple[str, ...]:
    return tuple(n.strip() for n in text.split(",") if n.strip())
