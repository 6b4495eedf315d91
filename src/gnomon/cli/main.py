"""`gnomon`: the one entry point. It knows the commands by name and loads the one that is asked for."""

import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

import cyclopts

from gnomon import __version__
from gnomon.spec.errors import GnomonError


class Command(NamedTuple):
    """Where a command lives and the line it has in the help."""

    target: str
    help: str
    group: str


LOOK, RUN, READ, STORE = "Look around", "Run", "Read the results", "Look after a store"

COMMANDS: dict[str, Command] = {
    "list": Command(
        "gnomon.cli.looking:list_", "Names of worlds, learners, trials, measures and studies.", LOOK
    ),
    "describe": Command("gnomon.cli.looking:describe", "Everything that one of them says of itself.", LOOK),
    "doctor": Command("gnomon.cli.doctor:doctor", "What is installed, which device, what is missing.", LOOK),
    "test": Command(
        "gnomon.cli.testing:test", "Test your own model, or files of its output, on a world.", RUN
    ),
    "starts": Command(
        "gnomon.cli.testing:starts", "Write the starts that an external model must run from.", RUN
    ),
    "run": Command("gnomon.cli.running:run", "Run a study; carries on after any interruption.", RUN),
    "depth": Command("gnomon.cli.depth:depth", "Depth maps of pictures, folders and videos.", RUN),
    "ladder": Command("gnomon.cli.reading:ladder", "The ladder of a study, in the terminal.", READ),
    "report": Command("gnomon.cli.reading:report", "One self-contained HTML file of a study.", READ),
    "compare": Command("gnomon.cli.reading:compare", "Two models, paired, cell by cell.", READ),
    "cite": Command(
        "gnomon.cli.citing:cite", "BibTeX of what a study, world, learner, trial or measure stands on.", READ
    ),
    "verify": Command(
        "gnomon.cli.keeping:verify", "Check every file of a store against its checksum.", STORE
    ),
    "merge": Command("gnomon.cli.keeping:merge", "Join result stores.", STORE),
    "gc": Command("gnomon.cli.keeping:gc", "Free what no result refers to.", STORE),
    "export": Command("gnomon.cli.keeping:export", "Write results as Parquet and runs as CF NetCDF.", STORE),
}


def make_app() -> cyclopts.App:
    """The application; no command's module is imported here."""
    app = cyclopts.App(
        name="gnomon",
        help="Gnomon tests learned simulators of the physical world, rung by rung.",
        version=__version__,
        help_format="plaintext",
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    groups = {g: cyclopts.Group(g, sort_key=i) for i, g in enumerate((LOOK, RUN, READ, STORE))}
    for order, (name, command) in enumerate(COMMANDS.items()):
        app.command(command.target, name=name, help=command.help, group=groups[command.group], sort_key=order)
    return app


def main(tokens: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code: 0 done, 1 a finding, 2 a mistake, 130 stopped by hand."""
    sys.exit(outcome(list(sys.argv[1:] if tokens is None else tokens)))


def outcome(tokens: list[str]) -> int:
    """The exit code of one command line; everything a person can cause ends as one line on stderr."""
    try:
        if tokens and not tokens[0].startswith("-") and tokens[0] not in COMMANDS:
            raise _unknown(tokens[0])
        code = make_app()(tokens)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except KeyboardInterrupt:
        return _say("\nstopped; every finished part is kept, and the same command carries on from there", 130)
    except BrokenPipeError:
        # the reader of our output has left (as in `gnomon list | head`): nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except cyclopts.CycloptsError as error:
        return _say(f"gnomon: {_flat(error)}", 2)
    except GnomonError as error:
        if os.environ.get("GNOMON_DEBUG"):
            raise
        return _say(f"gnomon: {error}", 2)
    except OSError as error:
        if os.environ.get("GNOMON_DEBUG"):
            raise
        where = f" {error.filename}" if error.filename else ""
        return _say(f"gnomon: cannot use{where}: {error.strerror or error}", 2)


def _unknown(word: str) -> GnomonError:
    """Asked here, because cyclopts would import every command to find the nearest name."""
    from gnomon.spec.registry import suggest  # only a mistake pays for it

    return GnomonError(f"no command {word!r}; {suggest(word, COMMANDS)}")


def _say(line: str, code: int) -> int:
    print(line, file=sys.stderr)
    return code


def _flat(error: Exception) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    main()
