"""Which changes of the code make earlier results another code's."""

import shutil

import pytest

from ablate.ablation.engine.code import EXECUTED, code_version, executed
from ablate.files import SOURCE

MODULE = (
    '"""A module."""\n\ndef f(x):\n    """Doubles."""\n'
    '    if x < 0:\n        raise ValueError(f"x={x} is negative")\n    return 2 * x\n'
)


@pytest.mark.parametrize(
    "old, new, same",
    [
        ("Doubles.", "Multiplies by two.", True),
        ("    return", "    # a comment\n    return", True),
        ("2 * x", "(2\n        * x)", True),
        ("is negative", "must be at least 0", True),
        ("ValueError", "TypeError", False),
        ("2 * x", "3 * x", False),
        ("2 * x", "2 + x", False),
        ("x < 0", "x <= 0", False),
    ],
)
def test_words_do_not_count_and_numbers_do(old, new, same):
    assert old in MODULE
    assert (executed(MODULE) == executed(MODULE.replace(old, new))) is same


@pytest.mark.parametrize(
    "name, same", [("loss/token.py", False), ("run/train.py", False), ("figure/colours.py", True), ("command/export.py", True)]
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
