"""Which changes of the code make earlier results those of another version."""

import shutil

import pytest

from ablate.ablation.engine.code import EXECUTED, code_version, executed
from ablate.files import SOURCE

MODULE = '''"""A module."""

def f(x, kind):
    """Doubles."""
    check_choice("`kind`", kind, ("plain", "square"))
    if x < 0:
        raise ValueError(f"x={x} is negative")
    error = BadInput("x is large") if x > 9 else None
    return 2 * x
'''


@pytest.mark.parametrize(
    "old, new, same",
    [
        ("Doubles.", "Multiplies by two.", True),
        ("    return", "    # a comment\n    return", True),
        ("2 * x", "(2\n        * x)", True),
        ("is negative", "must be at least 0", True),
        ("`kind`", "`sort`", True),
        ("is large", "must be at most 9", True),
        ("ValueError", "TypeError", False),
        ("plain", "simple", False),
        ("2 * x", "3 * x", False),
        ("2 * x", "2 + x", False),
        ("x < 0", "x <= 0", False),
    ],
)
def test_words_do_not_count_and_numbers_do(old, new, same):
    assert old in MODULE
    assert (executed(MODULE) == executed(MODULE.replace(old, new))) is same


@pytest.mark.parametrize(
    "name, same", [("loss/text.py", False), ("run/train.py", False), ("figure/colours.py", True), ("command/export.py", True)]
)
def test_only_what_a_run_executes_counts(name, same, tmp_path):
    for entry in EXECUTED:
        copy = shutil.copytree if (SOURCE / entry).is_dir() else shutil.copy
        (tmp_path / entry).parent.mkdir(parents=True, exist_ok=True)
        copy(SOURCE / entry, tmp_path / entry)
    before = code_version(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    with (tmp_path / name).open("a") as file:
        file.write("\nMORE = 1\n")
    assert (code_version(tmp_path) == before) is same
