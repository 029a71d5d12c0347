"""The verdicts in a terminal of 80 columns."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from stub_project import STUB_ABLATION

from ablate.ablation.judge.verdict import Estimate, Outcome
from ablate.ablation.report.console import verdict_table
from ablate.ablation.report.format import condition, effect, note
from ablate.ablation.spec.ablation import Claim
from ablate.ablation.spec.contrast import Contrast
from ablate.ablation.spec.read import load
from ablate.console import console as ours
from ablate.console import print_table

STATEMENT = (
    "Learned upsampling with a kernel that the stride divides beats every fixed interpolation, whatever the skip connection."
)


def claim(direction="greater", least=0.05, scale="linear", **more):
    return Claim("c", STATEMENT, "s", "test/x", (Contrast("a − b", {"a": 1.0, "b": -1.0}),), direction, least, scale, **more)


def estimate(mean, low, high, scale="linear"):
    ends = np.log([mean, low, high]) if scale == "log" else (mean, low, high)
    return Estimate("a − b", np.array([mean, mean]), *map(float, ends), 1.0, scale, (0, 1))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ((0.0131, 0.0042, 0.0220), "+0.0131 [+0.0042, +0.0220]"),
        ((3.1, 2.2, 4.4, "log"), "3.1 times [2.2, 4.4]"),
        ((0.0125, 0.01, 0.015, "log"), "0.0125 times [0.01, 0.015]"),
        ((12345.0, 1234.5, 123450.0, "log"), "1.23e+04 times [1.23e+03, 1.23e+05]"),
        ((3.1, 2.2, np.inf, "log"), "3.1 times [2.2, ∞]"),
        ((0.5, -np.inf, 0.75), "+0.5000 [−∞, +0.7500]"),
        ((0.5, np.nan, np.nan), "+0.5000"),
        ((np.nan, np.nan, np.nan), "–"),
    ],
)
def test_effects(given, shown):
    assert effect(estimate(*given)) == shown


@pytest.mark.parametrize(
    ("direction", "shown"),
    [
        ("greater", "> 2 times"),
        ("less", "< 0.5 times"),
        ("equivalent", "within 0.5 to 2 times"),
        ("differs", "beyond 0.5 to 2 times"),
    ],
)
def test_conditions_of_ratios(direction, shown):
    assert condition(claim(direction, 2.0, "log")) == shown


def test_what_is_known_of_a_claim_that_stays_open():
    ratio = estimate(1.1, 0.5, 1.8, "log")
    given = [(claim(), "inconclusive", [estimate(0.02, -0.01, 0.07)]), (claim(scale="log"), "inconclusive", [ratio, ratio])]
    given += [(claim(), "incomplete", [estimate(0.02, -0.01, 0.07)]), (claim(), "inconclusive", [estimate(0.02, -0.01, np.inf)])]
    shown = [note(Outcome(*each, 0.5, "why")) for each in given]
    assert shown == ["the effect is smaller than 0.07; why", "each effect is smaller than a factor of 2; why", "why", "why"]


def test_the_table_fits_80_columns_and_exploratory_claims_come_last():
    wide = [estimate(-12.3456, -99.9876, -0.0001), estimate(0.0000123, 0.0000101, 123456789.0, "log")]
    outcomes = [
        Outcome(claim("less", 1.25, "log", exploratory=True), "exploratory", wide, np.nan),
        Outcome(claim("differs", 1.0625, "log"), "inconclusive", wide, 0.2, "it would probably take over 1000 seeds " * 3),
        Outcome(claim(), "incomplete", [estimate(np.nan, np.nan, np.nan)], 1.0, "no result of transposed2-none seed 0, 1, 2"),
    ]
    console = Console(width=80, file=io.StringIO())
    console.print(verdict_table(load(STUB_ABLATION), outcomes))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80 and "…" not in text.replace("… incomplete", "")
    assert text.index("inconclusive") < text.index("incomplete") < text.index("exploratory") and "simultaneous 95 %" in text
    assert all(part in text for part in ("1.23e-05 times", "[1.01e-05, 1.23e+08]", "beyond 0.941", "-12"))


def test_brackets_and_colons_of_a_text_are_no_markup(capsys):
    text = "[/x] [bold]a[/bold] :fire: \\[y]"
    outcome = Outcome(replace(claim(), statement=text), "incomplete", [estimate(np.nan, np.nan, np.nan)], 1.0, text)
    ours.print(text)
    ours.print(verdict_table(replace(load(STUB_ABLATION), question=text), [outcome]), width=200)
    print_table(text, [text], [[text]])
    assert capsys.readouterr().out.count(text) == 7
