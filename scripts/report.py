"""Reports from what has been run, without running anything.

python scripts/report.py logs/ablation/NAME             an ablation's report again, from its results
python scripts/report.py logs/ablation/NAME --readme    and its verdicts into conf/ablation/README.md
python scripts/report.py logs/SWEEP --by model/decoder --metric test/miou    of any Hydra sweep
"""

import argparse
import sys
from pathlib import Path

from ablate.ablation.report import sweep
from ablate.ablation.report.console import verdict_table
from ablate.ablation.report.readme import update_readme
from ablate.ablation.report.report import PAGE, rewrite_report
from ablate.console import console
from ablate.errors import BadInput
from ablate.files import CONF


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of an ablation or, with --by, of a sweep")
    parser.add_argument("--by", help="the key, or keys with commas, that runs are grouped by")
    parser.add_argument("--metric", default="test/miou", help="what a sweep's runs are compared in (test/miou)")
    parser.add_argument("--better", default="maximise", help="maximise or minimise the metric (maximise)")
    parser.add_argument("--readme", action="store_true", help="write the verdicts into conf/ablation/README.md")
    given = parser.parse_args()
    try:
        if not given.folder.is_dir():
            raise BadInput(f"{given.folder} is not a folder")
        page = of_sweep(given) if given.by else of_ablation(given)
    except (BadInput, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"the report is {page}")
    return 0


def of_sweep(given: argparse.Namespace) -> Path:
    """Table, points and curves of a sweep."""
    rows = sweep.rows_from_sweep(given.folder, given.by)
    return sweep.write_sweep_report(given.folder, rows, given.by, given.metric, given.better)


def of_ablation(given: argparse.Namespace) -> Path:
    """The report of an ablation, made again."""
    ablation, budget, outcomes = rewrite_report(given.folder)
    from ablate.ablation.report.tensorboard import log_report  # torch, which a sweep's report needs not

    log_report(given.folder, ablation, outcomes)
    console.print(verdict_table(ablation, outcomes))
    if given.readme:
        update_readme(CONF / "ablation/README.md", given.folder, ablation, outcomes, budget)
    return given.folder / PAGE


if __name__ == "__main__":
    sys.exit(main())
