"""Reports from what has been run, without running anything.

python scripts/report.py logs/ablation/NAME             an ablation's report again, from its results
python scripts/report.py logs/ablation/NAME --publish   its results into conf/ablation/results/NAME.csv
python scripts/report.py ablation=NAME [budget=B]       the report of what is published, in logs/ablation/NAME-published
python scripts/report.py --all                          the tables of conf/ablation/, conf/experiment/ and README.md anew from it
python scripts/report.py logs/SWEEP --by model/decoder --metric test/miou    of any Hydra sweep
"""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ablate.ablation.engine.code import CODE_DIGITS
from ablate.ablation.judge.published import Answer
from ablate.ablation.judge.verdict import Outcome
from ablate.ablation.report import ledger, sweep
from ablate.ablation.report.console import verdict_table
from ablate.ablation.report.publish import publish_folder, report_published
from ablate.ablation.report.report import PAGE, rewrite_report
from ablate.ablation.spec.ablation import BETTER
from ablate.cli.arguments import Arguments
from ablate.console import console, script
from ablate.errors import BadInput, did_you_mean

KEYS = ("ablation", "budget")


@script
def main() -> None:
    console.print(told(parsed()))


def parsed(words: Sequence[str] | None = None) -> Namespace:
    """The command line; exactly one thing to report, and only the options that belong to it."""
    parser = Arguments(__doc__)
    parser.add_argument("words", nargs="*", help="a folder of an ablation or, with --by, of a sweep; or ablation=NAME, budget=B")
    parser.add_argument(
        "--all", action="store_true", help="write the tables of conf/ablation/README.md, conf/experiment/README.md and README.md"
    )
    parser.add_argument("--publish", action="store_true", help="write the folder's results into conf/ablation/results")
    parser.add_argument("--output", type=Path, help="the folder of the report of ablation=NAME")
    parser.add_argument("--by", help="the key, or keys with commas, that runs are grouped by")
    parser.add_argument("--metric", help="what a sweep's runs are compared in (test/miou)")
    parser.argument("--better", Literal[*BETTER] | None, help="maximise or minimise the metric (maximise)")
    given = parser.read(words)
    keys = [word.partition("=") for word in given.words if "=" in word and not Path(word).exists()]
    for key, _, value in keys:
        if key not in KEYS or not value:
            raise BadInput(f"{key}={value} is {f'unknown{did_you_mean(key, KEYS)}' if value else 'empty'}")
    if len({key for key, _, _ in keys}) < len(keys):
        raise BadInput(f"{keys[-1][0]}={keys[-1][2]} is one too many: give each key once")
    given.folders = [Path(word) for word in given.words if "=" not in word or Path(word).exists()]
    given.ablation, given.budget = ({k: v for k, _, v in keys}.get(key) for key in KEYS)
    check_together(given)
    return given


def check_together(given: Namespace) -> None:
    """Raise BadInput for words that do not belong together."""
    if len(given.folders) + bool(given.ablation) + given.all != 1:
        raise BadInput("give one of: a folder, ablation=NAME, --all")
    options = {"--by": given.by, "--metric": given.metric, "--better": given.better, "--publish": given.publish}
    options |= {"--output": given.output, "budget": given.budget}
    allowed = ("--by", "--metric", "--better") if given.by else ("--publish",)
    for option, value in options.items():
        if value and option not in (("--output", "budget") if given.ablation else () if given.all else allowed):
            what = (
                "ablation=NAME" if given.ablation else "--all" if given.all else "--by KEY" if given.by else "a folder without --by"
            )
            raise BadInput(f"{option} does not belong to {what}; --help shows what can be given")
    for folder in given.folders:
        if not folder.is_dir():
            raise BadInput(f"{folder} is not a folder")


def told(given: Namespace) -> str:
    """Do what was asked for; the last line that is printed."""
    if given.all:
        return remade()
    if given.by:
        rows = sweep.rows_from_sweep(given.folders[0], given.by)
        metric, better = given.metric or "test/miou", given.better or "maximise"
        return f"the report is {sweep.write_sweep_report(given.folders[0], rows, given.by, metric, better)}"
    if given.publish:
        return f"its results are published in {shortly(publish_folder(given.folders[0]))}; report.py --all writes the tables"
    if given.ablation:
        return shown(*report_published(given.ablation, given.budget, given.output))
    return shown(given.folders[0], *rewrite_report(given.folders[0]))


def shown(folder: Path, answer: Answer, outcomes: list[Outcome]) -> str:
    """Print the verdicts of an ablation's report."""
    from ablate.ablation.report.tensorboard import log_report  # torch, which nothing else here needs

    log_report(folder, answer.ablation, outcomes)
    console.print(verdict_table(answer.ablation, outcomes))
    return f"the report is {folder / PAGE}"


def remade() -> str:
    """Write the tables of all that is published, and say which verdicts come from another version of the code."""
    from ablate.ablation.engine.plan import present_version  # Hydra, which nothing else here needs

    entries = ledger.read_ledger()
    ledger.remake(entries)
    for entry in entries:
        for each in entry.judged:
            if each.versions != {version := present_version(each.answer.ablation, each.answer.budget)[:CODE_DIGITS]}:
                of = f"{entry.ablation.name}, budget {each.answer.budget}: the verdicts"
                console.print(
                    f"{of} come from version {', '.join(sorted(each.versions))} of the code; the present one is {version}"
                )
    answered = sum(bool(entry.judged) for entry in entries)
    return f"{answered} of {len(entries)} ablations are answered in {shortly(ledger.PAGE)}; headlines in {shortly(ledger.README)}"


def shortly(path: Path) -> Path:
    """The path from here, if it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main()
