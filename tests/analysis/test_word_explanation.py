"""Words that name shapes: which are explained, and where attention and Grad-CAM are said to point."""

import pytest
import torch
import torch.nn.functional as F
from commands import QUIET, TINY, compose
from lightning.pytorch import Trainer

from ablate.analysis.explanation import methods_of
from ablate.analysis.word_explanation import measure_words, named_words, names_of
from ablate.callback.explanation import WordExplanations
from ablate.errors import BadInput, Misfit
from ablate.model.text.decoding.base import Hypotheses
from ablate.run.build import build

WORDS = [
    "experiment=scene_captions",
    *TINY,
    "model.embedding_size=8",
    "model.cell.hidden_size=8",
    "data.dataset.shapes=[disc, square]",
]
SHAPES = ["disc", "square"]


def captioner(attention="general"):
    cfg = compose(*WORDS, f"model/attention={attention}", *(["model.input_feeding=false"] if attention == "none" else []))
    data = build(cfg, "datamodule")
    data.setup("test")
    task = build(cfg, "task").eval()
    task.tokenisers = data.tokenisers
    return task


def scene():
    """A disc in the upper left and a square in the lower right of 16×16 pixels; and a picture of one disc."""
    label = torch.zeros(2, 16, 16, dtype=torch.long)
    label[0, 1:7, 1:7], label[0, 9:15, 9:15], label[1, 1:7, 9:15] = 1, 2, 1
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)), label


def writes(task, texts, cells):
    """Let the captioner write these texts, and look at one of the 4×4 cells at each word."""
    tokens = [task.tokenisers["target"].encode(text) for text in texts]
    longest = max(map(len, tokens))
    padded = torch.tensor([each + [0] * (longest - len(each)) for each in tokens])
    weights = F.one_hot(torch.tensor(cells), 16).float()[:, None].expand(-1, longest, -1)
    task.write = lambda memory: Hypotheses(padded, torch.zeros(len(texts)), weights)


def test_the_first_word_for_each_shape_that_the_picture_has():
    task, (image, label) = captioner(), scene()
    writes(task, ["a red disc above a red disc", "a square left of a disc"], [5, 5])
    found = list(named_words(task, image, label, SHAPES))
    said = [task.tokenisers["target"].vocabulary.tokens[int(each.tokens[each.position])] for each in found]
    assert said == ["disc", "disc"] and [int(each.mask.sum()) for each in found] == [36, 36]
    assert [each.position for each in found] == [3, 6]  # BEGIN is the first
    assert torch.equal(found[0].mask[0], label[0] == 1) and found[0].attention.shape == (1, 16, 16)


def test_attention_to_the_object_points_at_it_and_attention_elsewhere_does_not():
    task, (image, label) = captioner(), scene()
    methods = methods_of(["gradient", "grad_cam"], 1, 1)
    found = []
    for cells in ([5, 6], [12, 12]):  # upon the discs, and in a corner
        writes(task, ["a red disc", "a disc"], cells)
        with torch.inference_mode():
            found.append(measure_words(task, [(image, label)], SHAPES, methods))
    assert all(list(each) == names_of(["gradient", "grad_cam"]) and each["words"] == 2 for each in found)
    assert [each["attention/pointing"] for each in found] == [1, 0]
    assert found[0]["attention/energy_over_chance"] > 0.3 > 0 > found[1]["attention/energy_over_chance"]
    for each in found:
        assert each["attention/pointing_gain"] == each["attention/pointing"] - each["grad_cam/pointing"]
    assert found[0]["gradient/energy_inside"] == found[1]["gradient/energy_inside"] > 0


def test_what_has_no_attention_or_is_no_captioner_is_refused():
    with pytest.raises(BadInput, match="this captioner has none: model/attention=general"):
        measure_words(captioner("none"), [], SHAPES, {})
    task = build(compose("experiment=upsampling", *TINY), "task")
    with pytest.raises(Misfit, match="probe=word_explanation is for captioners"):
        WordExplanations(["gradient"], 1, 1, 1).setup(Trainer(**QUIET), task, "fit")
