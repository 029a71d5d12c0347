"""What a language model writes while it learns: the same draws each time, kept and shown."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch import Trainer

from ablate.callback.samples import Samples
from ablate.data.text.tokeniser import Tokeniser
from ablate.data.text.vocabulary import SPECIAL, Vocabulary
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.tagger import SequenceTagger
from ablate.task.language_modelling import LanguageModelling

TOKENS = [*SPECIAL, "a", "\n", "b"]


def task(unit="characters", ends=False):
    torch.manual_seed(0)
    net = SequenceTagger(len(TOKENS), None, 4, partial(GRU, hidden_size=4), len(TOKENS))
    made = LanguageModelling(net, torch.optim.SGD, torch.optim.lr_scheduler.ConstantLR).eval()
    made.tokenisers = {"source": Tokeniser(unit, complete=ends, vocabulary=Vocabulary(TOKENS))}
    return made


def shown(folder, made, **options):
    texts = []
    logger = SimpleNamespace(experiment=SimpleNamespace(add_text=lambda *what: texts.append(what)))
    trainer = Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    trainer.loggers, trainer.sanity_checking = [logger], options.pop("sanity", False)
    Samples(str(folder), **{"count": 2, "length": 9, **options}).on_validation_epoch_end(trainer, made)
    return texts


def test_texts_are_kept_and_shown_and_the_same_each_time(tmp_path):
    ((tag, text, step),) = shown(tmp_path, task())
    assert (tag, step) == ("val/samples", 0) and all(not line or line.startswith("    ") for line in text.split("\n"))
    kept = (tmp_path / "samples.txt").read_text()
    assert set(kept) <= {"a", "b", "\n"} and len(kept) == 2 * 9 + 3
    shown(tmp_path, task())
    assert (tmp_path / "samples.txt").read_text() == kept


@pytest.mark.parametrize("unit, gap", [("characters", ""), ("words", " ")])
def test_texts_with_an_end_are_over_there(tmp_path, unit, gap):
    shown(tmp_path, task(unit, ends=True), count=20, length=6)
    texts = (tmp_path / "samples.txt").read_text()
    assert not any(token in texts for token in SPECIAL) and ("a b" in texts or "b a" in texts) == (gap == " ")


def test_none_where_none_are_wanted(tmp_path):
    assert shown(tmp_path, task(), count=0) == [] == shown(tmp_path, task(), sanity=True)
    assert not (tmp_path / "samples.txt").exists()
