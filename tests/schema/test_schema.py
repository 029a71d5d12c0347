"""What an option can be: values against annotations, the arguments of constructors, the nodes of a config."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import make_dataclass
from typing import Annotated, Literal

import pytest
from omegaconf import OmegaConf
from refusals import refusals

from ablate.errors import Misfit
from ablate.schema.node import check_parts, misfits
from ablate.schema.options import (
    AboveZero,
    Count,
    Odd,
    PerSplit,
    Positive,
    ProperFraction,
    Range,
    Size,
    check_fields,
    checked,
    faults,
)
from ablate.schema.signature import signature

MODE = Literal["min", "max"] | None
FROM_TO = Annotated[Sequence[int], Count(2, rising=True)]
FITS = [
    (1, Positive),
    (2, Size),
    ([2, 3], Size),
    (0, ProperFraction),
    (1e-9, AboveZero),
    (None, MODE),
    ([2, 2], FROM_TO),
    ({"train": [1, 2], "test": [0, 0]}, PerSplit[FROM_TO]),
    ({"_target_": "a.B"}, Positive),
]
MISFITS = [
    (0, Positive, "x=0 must be a whole number of at least 1"),
    (10**12, Positive, "x=1000000000000 must be a whole number at most 1,000,000,000"),
    (4, Odd, "x=4 must be an odd whole number of at least 1, as 3 or 5"),
    (1, ProperFraction, "x=1 must be a number of at least 0 and below 1"),
    (float("nan"), AboveZero, "x=nan must be a finite number above 0"),
    ("mim", MODE, "x='mim' is unknown; did you mean 'min'? (one of: max, min)"),
    ([2, 0], Size, "x.1=0 must be a whole number between 1 and 16,384"),
    ([2], Size, "x=[2] must be a list of 2"),
    ([3, 2], FROM_TO, "x=[3, 2] must be a list of 2 in rising order"),
    ({"test": [1]}, PerSplit[FROM_TO], "x.test=[1] must be a list of 2 in rising order"),
    ([], Annotated[Sequence[str], Count(1, more=True)], "x=[] must be a list of 1 or more"),
    (0, Annotated[float, Range(0, 4, open="least")], "x=0 must be a number above 0 and at most 4"),
    ({"a": None}, dict[str, int], "x.a=None must be a whole number"),
]


@pytest.mark.parametrize("value, hint, line", [*((*each, None) for each in FITS), *MISFITS])
def test_a_value_is_judged_by_an_annotation(value, hint, line):
    assert next((fault.line(fault.name) for fault in faults("x", value, hint)), None) == line


@checked
def stack(width: Positive, name: str = "") -> int:
    return width


Widths = make_dataclass("Widths", [("width", Positive)])
NODE = {"a": {"_target_": "torch.optim.SGD", "lr": "${data.lr}"}, "data": {"lr": 1}}
test_what_does_not_fit_is_refused = refusals(
    (lambda: stack(width=0), "^width=0 must"),
    (lambda: check_fields(Widths(0)), "^width=0 must"),
    (lambda: check_parts(OmegaConf.create(NODE | {"data": {"lr": -1}}), "a"), "^data.lr=-1 must be a number above 0$"),
    (
        lambda: check_parts(OmegaConf.create({"a": NODE["a"] | {"lr": 1, "momentun": 1}}), "a"),
        "^a.momentun=1 is unknown: .*'momentum'",
    ),
)


def test_a_null_of_the_data_is_a_misfit_and_what_fits_is_nothing():
    assert [type(each) for each in misfits(OmegaConf.create(NODE | {"data": {"lr": None}}), "a")] == [Misfit]
    assert not [*misfits(OmegaConf.create(NODE), "a")]


def test_a_signature_is_read_without_an_import_of_torch():
    words = "from ablate.schema.signature import signature as s; import sys; s('torch.optim.SGD'); sys.exit('torch' in sys.modules)"
    assert not subprocess.run([sys.executable, "-c", words]).returncode
    assert {"lr", "nesterov"} <= signature("torch.optim.SGD").options.keys() and signature("nowhere.Linear") is None


def test_an_alias_of_a_file_is_followed_to_where_it_stands():
    assert signature("ablate.model.segmenter.decoder.resize_conv.resize_conv").options["norm"] == Literal["batch", "group", "none"]
