"""What the command line costs before it does anything: CPU seconds of a fresh process, median of several.

python benchmarks/cli_start.py [runs]
"""

import os
import resource
import statistics
import subprocess
import sys

COMMANDS = {
    "python (nothing)": ["-c", "pass"],
    "import gnomon": ["-c", "import gnomon"],
    "gnomon --help": ["-m", "gnomon.cli.main", "--help"],
    "gnomon list": ["-m", "gnomon.cli.main", "list"],
    "gnomon run --help": ["-m", "gnomon.cli.main", "run", "--help"],
    "gnomon cite quickstart": ["-m", "gnomon.cli.main", "cite", "quickstart"],
}
PROMISED = {"gnomon --help": 0.6}


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of one fresh interpreter, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env={**os.environ})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


def main(runs: int = 9) -> None:
    print(f"CPU seconds of a fresh process: median (lowest .. highest) of {runs}")
    for name, arguments in COMMANDS.items():
        cpu_seconds(arguments)  # byte code is compiled and cached once
        took = [cpu_seconds(arguments) for _ in range(runs)]
        promise = f"   promised under {PROMISED[name]:g}" if name in PROMISED else ""
        print(f"  {name:<24} {statistics.median(took):.3f} ({min(took):.3f} .. {max(took):.3f}){promise}")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
