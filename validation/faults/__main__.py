"""Are planted faults found, and only those? `python -m validation.faults [--world NAME ...] [--draws 200]`.

A pool of independent runs of a truth is made once and kept on disk (of worlds without dynamics as many as are asked
for: the rates of one pool hold for it alone). Its units are dealt to truth, floor, subject and
null again and again: a subject dealt so is a perfect twin. The same is done with faults of known size planted in the
subject. Everything goes through the measures and the fidelity of a report, and is counted:

* the power of each fault's own measure,
* the confusion matrix: which measure flags which fault,
* how often a perfect twin is flagged by any measure.

What is flagged is decided by a rule of this check's own (`gnomon.inference.told_apart`): all measures asked together,
at 5 % for the family. A report has no such rule: it prints an interval for each cell without a correction across cells,
and names a failure where a headline's lies below 0.5. How often these two speak of a perfect twin is counted beside it.
"""

import argparse
import time
from pathlib import Path

from validation.faults.lows import LowsPool
from validation.faults.plans import PLANS, USUAL, Plan
from validation.faults.pool import Pool
from validation.faults.printing import rows, told
from validation.faults.synthetic import SyntheticPool
from validation.faults.twins import tables_of, together, verdicts
from validation.table import keep


def main() -> None:
    """Print one section a world."""
    parser = argparse.ArgumentParser(
        prog="python -m validation.faults", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--world",
        nargs="*",
        default=list(USUAL),
        help=f"of {', '.join(PLANS)}",
    )
    parser.add_argument("--draws", type=int, default=200, help="resampled twins")
    parser.add_argument(
        "--pools",
        type=int,
        default=1,
        help="made anew, of worlds without dynamics; twins are dealt from each",
    )
    parser.add_argument("--pool", type=Path, default=Path("results/fault-pool"), help="where runs are kept")
    parser.add_argument("--trial", nargs="*", default=[], help="only these trials, and their faults")
    parser.add_argument(
        "--csv",
        type=Path,
        help="file for the confusion matrix; worlds that it holds and are not asked for stay",
    )
    options = parser.parse_args()
    unknown = [name for name in options.world if name not in PLANS]
    if unknown:
        parser.error(f"no plan for {', '.join(unknown)}; there are: {', '.join(PLANS)}")
    made = {"synthetic": SyntheticPool, "synthetic_long": SyntheticPool, "lows": LowsPool}
    for name in options.world:
        plan, began = part(PLANS[name], options.trial), time.process_time()
        seeds = range(options.pools if name in made else 1)
        parts, without = [], {}
        for seed in seeds:
            pool = made[name](plan, seed) if name in made else Pool(plan, options.pool)
            found, missing = tables_of(pool, options.pool)
            without |= missing
            parts.append(verdicts(found, plan, draws=-(-options.draws // len(seeds)), seed=seed))
        got = together(parts)
        print(told(name, plan, got, without, time.process_time() - began), flush=True)
        if options.csv:
            keep(options.csv, rows(name, plan, got))


def part(plan: Plan, trials: list[str]) -> Plan:
    """The plan with these trials only, all of them where none is named."""
    kept = {k: v for k, v in plan.trials.items() if not trials or k in trials}
    return plan._replace(trials=kept, faults=tuple(f for f in plan.faults if f.own.split("/")[0] in kept))


if __name__ == "__main__":
    main()
