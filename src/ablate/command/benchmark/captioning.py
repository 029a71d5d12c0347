"""Captioning: tokens a second in training, pictures a second of each search, and what both cost by batch and by length."""

from collections.abc import Callable, Sequence

import torch

from ablate.analysis.cost import interleaved, medians
from ablate.command.benchmark.common import DEVICE, composed
from ablate.console import print_table
from ablate.data.batch import CaptionBatch
from ablate.run.build import build
from ablate.task.captioning import Captioning

BATCH, LENGTH, SIZE, REPEATS = 32, 20, 64, 7
VOCABULARIES, BATCHES, LENGTHS = (58, 2500), (1, 8, 32, 128), (10, 20, 40)
WAYS = {
    "attention that is fed in": [],
    "attention that is not": ["model.input_feeding=false"],
    "no attention": ["model/attention=none"],
}
HEARD = {"the right tokens": [], "a quarter its own": ["task.scheduled_sampling=0.25"]}
SEARCHES = {
    "greedy": ["model/search=greedy"],
    "beam of 3": ["model/search=beam", "model.search.width=3"],
    "beam of 5": ["model/search=beam", "model.search.width=5"],
}


def run(overrides: Sequence[str]) -> None:
    """Every table; networks and pictures are random, and every text is as long as its table says."""
    training(overrides)
    for size in VOCABULARIES:
        searching(size, overrides)
    by_length(overrides)


def training(overrides: Sequence[str]) -> None:
    """Print tokens a second of a training step, for each kind of attention, of decoder input, and size of the vocabulary."""
    work = {
        f"{way}, {heard}, {size}": learn(captioner(size, [*WAYS[way], *HEARD[heard], *overrides]), BATCH, LENGTH)
        for way in WAYS for heard in HEARD for size in VOCABULARIES
    }  # fmt: skip
    t = medians(interleaved(work, REPEATS))
    rows = [
        (f"{way}, {heard}", *(f"{BATCH * LENGTH / t[f'{way}, {heard}, {size}']:,.0f}" for size in VOCABULARIES))
        for way in WAYS for heard in HEARD
    ]  # fmt: skip
    title = f"tokens a second in training, batch {BATCH}, {LENGTH} tokens, on {DEVICE}"
    print_table(title, ("decoder, and what it hears", *(f"{size} words" for size in VOCABULARIES)), rows)


def searching(size: int, overrides: Sequence[str]) -> None:
    """Pictures a second of each search, without the reading of the pictures, and of training, by the size of the batch."""
    rows, taught = [], captioner(size, overrides)
    tasks = {name: captioner(size, [*words, *fixed(LENGTH), *overrides]) for name, words in SEARCHES.items()}
    for batch in BATCHES:
        work = {name: find(task, batch) for name, task in tasks.items()} | {"training": learn(taught, batch, LENGTH)}
        t = medians(interleaved(work, REPEATS))
        rows.append((batch, *(f"{batch / t[name]:,.0f}" for name in work), f"{t['beam of 5'] / t['greedy']:.2f}"))
    title = f"pictures a second, {LENGTH} tokens of {size} words, on {DEVICE}"
    print_table(title, ("batch", *SEARCHES, "training", "beam of 5: × greedy's time"), rows)


def by_length(overrides: Sequence[str]) -> None:
    """Milliseconds a token of the whole batch: constant where the cost grows with the length alone."""
    work: dict[str, Callable[[], object]] = {}
    for n in LENGTHS:
        work[f"training {n}"] = learn(captioner(VOCABULARIES[0], overrides), BATCH, n)
        for name, words in SEARCHES.items():
            work[f"{name} {n}"] = find(captioner(VOCABULARIES[0], [*words, *fixed(n), *overrides]), BATCH)
    t = medians(interleaved(work, REPEATS))
    rows = [(name, *(f"{t[f'{name} {n}'] / n * 1e3:.2f}" for n in LENGTHS)) for name in ("training", *SEARCHES)]
    title = f"milliseconds a token, batch {BATCH}, {VOCABULARIES[0]} words, on {DEVICE}"
    print_table(title, ("", *(f"{n} tokens" for n in LENGTHS)), rows)


def captioner(size: int, words: Sequence[str]) -> Captioning:
    """The task of a run with these overrides and so many words in the vocabulary."""
    base = ["data=scene_captions", "model=captioner", "task=captioning", f"data.vocabulary_size={size}"]
    torch.manual_seed(0)
    return build(composed([*base, *words]), "task").to(DEVICE)


def fixed(length: int) -> list[str]:
    """A search that takes so many steps, whatever the network says."""
    return [f"model.search.max_length={length}", f"model.search.min_length={length - 1}"]


def pictures(task: Captioning, batch: int, length: int) -> CaptionBatch:
    """Noise and words at random, on the task's device."""
    words = task.model.decoder.head.out_features
    image, tokens = torch.rand(batch, 3, SIZE, SIZE), torch.randint(4, words, (batch, length + 1))
    image, tokens, index = (part.to(task.device) for part in (image, tokens, torch.arange(batch)))
    return CaptionBatch(image, tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous(), index)


def learn(task: Captioning, batch: int, length: int) -> Callable[[], None]:
    """A training step, of the one batch again and again."""
    optimizer, data = task.train().optimisation.optimizer(task.parameters()), pictures(task, batch, length)

    def work() -> None:
        optimizer.zero_grad()
        task.step(data).loss.backward()
        optimizer.step()

    return work


def find(task: Captioning, batch: int) -> Callable[[], object]:
    """A search for a text of each picture, which has been read before."""
    with torch.no_grad():
        memory = task.eval().encode(pictures(task, batch, 1))
    return lambda: task.write(memory)
