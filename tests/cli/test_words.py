"""Words of a command line: text is text, whatever it looks like, and what Hydra's grammar does not take is quoted."""

import pytest
from commands import compose
from hydra.core.override_parser.overrides_parser import OverridesParser

from ablate.cli.check import text_stays_text
from ablate.cli.command import in_quotes, quoted


def read(word: str) -> object:
    return OverridesParser.create().parse_override(word).value()


@pytest.mark.parametrize("text", ["2012", "a,b", "/it's [x] y", "[exp1]", "{a: b}", "true", "1e5", "a=b", "C:\\data", "x y", "ß\\"])
def test_text_is_text(text):
    for key in ("data.root", "name", "hydra.run.dir"):
        assert read(quoted(f"{key}={text}")) == text
        assert quoted(quoted(f"{key}={text}")) == quoted(f"{key}={text}")
    assert read(read(f"x={in_quotes(quoted(f'name={text}'))}")) == text  # as a word in a list of words


@pytest.mark.parametrize(
    "word", ["data.root=null", "name=plain", "name=x_${seed}", "seed=0,1", "model.x={a: b}", "--config-dir=a b"]
)
def test_a_word_that_needs_no_quotes_is_left_alone(word):
    assert quoted(word) == word


def test_a_comma_separates_values_where_they_are_swept():
    assert quoted("data.root=a,2012", sweeps=True) == "data.root=a,2012"
    assert read(quoted("data.root=it's", sweeps=True)) == "it's"


@pytest.mark.parametrize("names", [["Straße", "traffic light"], ["it's", "a,b", "c"], ["0", "x:y"]])
def test_names_in_a_list_are_quoted_one_by_one(names):
    word = ",".join(f"'{name}'" if "," in name else name for name in names)
    assert [str(name) for name in read(quoted(f"data.class_names=[{word}]"))] == names


def test_numbers_of_a_file_become_text_where_text_is_meant():
    cfg = compose("data.root=2012", "data.class_names=[0,1,a]", "name=7")
    text_stays_text(cfg)
    assert (cfg.data.root, list(cfg.data.class_names), cfg.name) == ("2012", ["0", "1", "a"], "7")
