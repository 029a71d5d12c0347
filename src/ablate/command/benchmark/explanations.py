"""Explanations of one picture: the time of each method, with its own options, on two segmenters and a captioner."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ablate.analysis.cost import interleaved, medians
from ablate.command.benchmark.captioning import captioner
from ablate.command.benchmark.common import DEVICE, composed
from ablate.console import print_table
from ablate.explanation.methods import METHODS
from ablate.explanation.score import Score
from ablate.explanation.target import class_over, word
from ablate.run.build import build

SEGMENTERS = {
    (64, 64): ["experiment=upsampling", "model/decoder=max_unpool"],
    (180, 240): ["experiment=camvid", "data.root=.", "model/decoder=max_unpool"],
}
SIDE, VOCABULARY, LENGTH = 128, 2500, 12  # of the captioner: a picture, words it knows, tokens before the word that is explained
CAPTIONER = ["model.encoder.depth=4", "model.embedding_size=128", "model.cell.hidden_size=256"]
REPEATS = 3


def run(overrides: Sequence[str]) -> None:
    """Seconds of each method; networks and pictures are random, which changes no time."""
    scores = {f"a class, {h}×{w}": segmenter((h, w), overrides) for h, w in SEGMENTERS}
    scores[f"a word, {SIDE}×{SIDE}"] = caption(overrides)
    rows = []
    for name, method in METHODS.items():
        work = {what: lambda method=method, given=given: method(*given) for what, given in scores.items()}
        times = medians(interleaved(work, REPEATS))
        rows.append((name, *(f"{times[what]:.3f}" for what in scores)))
    print_table(f"seconds to explain one picture, on {DEVICE}", ("method", *scores), rows)


def segmenter(size: tuple[int, int], overrides: Sequence[str]) -> tuple[Score, Tensor]:
    """The mean logit of a class over a quarter of a picture."""
    torch.manual_seed(0)
    model = build(composed([*SEGMENTERS[size], *overrides]), "task").model.to(DEVICE).eval()
    mask = torch.zeros(1, *size, dtype=torch.bool, device=DEVICE)
    mask[:, : size[0] // 2, : size[1] // 2] = True
    return class_over(model, 1, mask), torch.rand(1, 3, *size, device=DEVICE)


def caption(overrides: Sequence[str]) -> tuple[Score, Tensor]:
    """The last word of a caption."""
    model = captioner(VOCABULARY, [*CAPTIONER, *overrides]).model.eval()
    tokens = torch.randint(VOCABULARY, (LENGTH + 1,), device=DEVICE)
    return word(model, tokens, LENGTH), torch.rand(1, 3, SIDE, SIDE, device=DEVICE)
