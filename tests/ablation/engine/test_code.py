"""Which changes of the code make earlier results those of another version."""

import shutil

import pytest

from ablate.ablation.engine.code import code_version, executed, targets_of
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
    "name, same",
    [
        ("run/train.py", False),
        ("task/base.py", False),  # what the task is derived from
        ("model/segmenter/max_pool.py", False),
        ("model/text/decoding/beam.py", True),
        ("model/segmenter/another.py", True),
        ("figure/colours.py", True),
    ],
)
def test_only_what_a_run_executes_counts(name, same, tmp_path):
    targets = {"ablate.task.segmentation.Segmentation", "ablate.model.segmenter.decoder.unpooling.max_unpool"}
    source = shutil.copytree(SOURCE, tmp_path / "ablate", ignore=shutil.ignore_patterns("__pycache__"))
    before = code_version(targets, source)
    with (source / name).open("a") as file:
        file.write("\nMORE = 1\n")
    assert (code_version(targets, source) == before) is same


def test_targets_are_the_dotted_names_of_a_config():
    config = {
        "task": {"_target_": "ablate.task.base.Task", "of": [{"path": "${get_method:ablate.run.train.train}"}]},
        "name": "ablate",
    }
    assert targets_of(config) == {"ablate.task.base.Task", "ablate.run.train.train"}
