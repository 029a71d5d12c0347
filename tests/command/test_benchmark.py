"""Benchmarks time what they say: each piece of work equally often, on the same inputs; timings themselves are not tested."""

from collections import Counter
from pathlib import Path

import pytest
import torch
from refusals import refusals
from torch import nn

from ablate.analysis.cost import interleaved, medians, milliseconds, seconds
from ablate.command.benchmark import (
    ablation,
    captioning,
    common,
    data,
    decoders,
    draw,
    explanations,
    glimpses,
    recurrent,
    segmenters,
    train,
    trees,
)

SMALL = ["model.encoder.width=4", "model.encoder.depth=2"]


def test_calls_that_warm_up_are_not_timed():
    calls = []
    assert len(seconds(lambda: calls.append(1), repeats=3, warm_up=2)) == 3 and len(calls) == 5


def test_interleaved_work_takes_turns_and_each_runs_equally_often():
    calls = []
    times = interleaved({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repeats=4)
    assert list(times) == ["a", "b"] and all(len(each) == 4 and min(each) >= 0 for each in times.values())
    assert Counter(calls) == {"a": 6, "b": 6}  # two of each warm up
    assert calls == [*"aaabbb", *"ab" * 3]


def test_times_are_summarised_by_hand():
    assert medians({"a": [3.0, 1.0, 2.0], "b": [4.0, 2.0]}) == {"a": 2.0, "b": 3.0}
    assert milliseconds([0.001, 0.002, 0.003]) == "2.00 [1.00, 3.00]" and milliseconds([0.002]) == "2.00 [2.00, 2.00]"


@pytest.mark.parametrize("module, cell", [(nn.RNN, nn.RNNCell), (nn.GRU, nn.GRUCell), (nn.LSTM, nn.LSTMCell)])
def test_a_bare_loop_over_a_cell_computes_what_the_module_computes(module, cell):
    whole, single, xs = module(3, 4, batch_first=True), cell(3, 4), torch.randn(2, 5, 3)
    weights = {name.removesuffix("_l0"): value for name, value in whole.state_dict().items()}
    single.load_state_dict(weights)
    assert torch.allclose(recurrent.bare_loop(single, xs), whole(xs)[0], atol=1e-6)


def test_a_step_goes_backward_through_every_parameter_anew():
    layer, x = nn.Linear(2, 1), torch.ones(1, 2)
    work = common.step(layer, lambda: layer(x))
    work()
    once = [parameter.grad.clone() for parameter in layer.parameters()]
    work()
    assert all(torch.equal(a, parameter.grad) for a, parameter in zip(once, layer.parameters(), strict=True))


def test_what_a_linear_layer_keeps_for_its_backward_pass():
    model = nn.Sequential(nn.Linear(8, 16, bias=False), nn.Tanh(), nn.Linear(16, 1))
    assert decoders.memory(model, torch.rand(1024, 8)) == (1024 * 8 + 1024 * 16) * 4 / 2**20


def test_captioning_is_timed_on_texts_of_the_length_it_names():
    task = captioning.captioner(12, [*SMALL, *captioning.SEARCHES["beam of 5"], *captioning.fixed(3)])
    batch = captioning.pictures(task, 2, 7)
    assert batch.image.shape[0] == 2 and batch.input.shape == batch.target.shape == (2, 7)
    assert captioning.find(task, 2)().tokens.shape == (2, 3)
    before = [parameter.clone() for parameter in task.parameters()]
    captioning.learn(task, 2, 7)()
    assert any(not torch.equal(a, b) for a, b in zip(before, task.parameters(), strict=True)) and task.training


@pytest.mark.slow
def test_every_table_is_printed(monkeypatch, capsys):
    for name, value in {"BATCH": 256, "STEPS": 2, "SIZE": 2, "REPEATS": 1, "LENGTHS": (2, 4)}.items():
        monkeypatch.setattr(recurrent, name, value)
    recurrent.run([])
    small = {"BATCH": 2, "LENGTH": 3, "SIZE": 16, "REPEATS": 1, "VOCABULARIES": (12,), "BATCHES": (1, 3), "LENGTHS": (2,)}
    for name, value in small.items():
        monkeypatch.setattr(captioning, name, value)
    captioning.run(SMALL)
    monkeypatch.setattr(train, "CASES", {"a step": (train.SMALL, 8, True)})
    monkeypatch.setattr(train, "ROUNDS", 1)
    monkeypatch.setattr(train, "shares", list)
    train.run([])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    learned = len(captioning.WAYS) * len(captioning.HEARD)
    assert len(rows) == (3 + 2 + 4) + (learned + 2 + 1 + len(captioning.SEARCHES)) + 3


test_overrides_are_refused = refusals(
    (lambda: recurrent.run(["seed=1"]), "takes no overrides, such as seed=1"),
    (lambda: captioning.run(["model.gatd=true"]), "the key 'model.gatd' is unknown"),
    (lambda: data.run(["experiment=reversal"]), "times pictures, and a batch of .* has none"),
    (lambda: train.run(["optimizer.lr=abc"]), "optimizer.lr='abc' must be"),
    (lambda: ablation.run(["runs=1"]), "runs=1 must be a whole number between 10 and"),
    (lambda: ablation.run(["runs=²"]), "'runs=²' is unknown"),
    (lambda: segmenters.run(["width=²"]), "width='²' must be a whole number"),
    (lambda: segmenters.run(["width=8", "data.batch_siz=2"]), "the key 'data.batch_siz' is unknown"),
)


@pytest.mark.slow
def test_a_segmenter_is_timed_and_weighed(capsys):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"NETWORKS": ["fcn16s"], "SIZES": [(33, 40)], "REPEATS": 1, "PEAK_SIDE": {"cpu": 64}}.items():
            patch.setattr(segmenters, name, value)
        segmenters.run(["width=2", "model.num_classes=4"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert len(rows) == 1 + 2 and "fcn16s" in rows[0] and "33×40" in rows[0]


def test_memory_counts_what_is_there_at_once():
    def work():
        a = torch.zeros(1000, 250)  # a million bytes
        b = a + 1
        del a
        return b * 2, b.relu()

    assert segmenters.peak_memory(work) == 3_000_000


@pytest.mark.slow
def test_each_method_explains_a_class_and_a_word(capsys, monkeypatch):
    segmenters = {(24, 32): explanations.SEGMENTERS[64, 64]}
    for name, value in {"SEGMENTERS": segmenters, "REPEATS": 1, "SIDE": 32, "VOCABULARY": 20}.items():
        monkeypatch.setattr(explanations, name, value)
    monkeypatch.setattr(explanations, "METHODS", {name: explanations.METHODS[name] for name in ("deconvnet", "grad_cam")})
    explanations.run(["model.encoder.width=4"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert [row.split()[1] for row in rows] == ["deconvnet", "grad_cam"]
    assert all(float(cell) > 0 for row in rows for cell in row.split("│")[2:-1])


def test_trees_are_timed_over_the_same_words_in_every_shape():
    found = {shape: trees.sample(shape, 0) for shape in ("random", "balanced", "chain")}
    assert {len(each.tree.tokens) for each in found.values()} == {trees.WORDS}
    assert {shape: len(each.tree.words) for shape, each in found.items()} == {"random": 37, "balanced": 37, "chain": 19}


def test_drawing_is_timed_with_and_without_attention():
    tasks = {way: draw.drawer(way, ["model.steps=2", "data.batch_size=3", "model.cell.hidden_size=4"]) for way in draw.WAYS}
    filters = [(task.model.reader.filters, task.model.write_filters) for task, _ in tasks.values()]
    both = filters[0]
    assert filters == [both, (both[0], None), (None, both[1]), (None, None)] and None not in both
    task, data = tasks["attention"]
    for job in draw.jobs(task, data).values():
        job()
    assert data.image.shape == (3, 1, 28, 28) and all(parameter.grad is not None for parameter in task.parameters())


def test_a_glimpse_is_timed_in_small_and_large_pictures(monkeypatch, capsys):
    monkeypatch.setattr(glimpses, "SIZES", (50, 70))
    monkeypatch.setattr(glimpses, "NETWORKS", {name: glimpses.NETWORKS[name] for name in ("dram", "picture_mlp")})
    monkeypatch.setattr(glimpses, "REPEATS", 1)
    glimpses.run(["data.batch_size=2"])
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in capsys.readouterr().out.splitlines() if "│" in line]
    costs = {(row[0], row[1]): int(row[3].replace(",", "")) for row in rows if "×" in row[1]}
    assert costs["dram", "50×50"] == costs["dram", "70×70"] > 0
    assert costs["picture_mlp", "70×70"] - costs["picture_mlp", "50×50"] == 64 * (70**2 - 50**2)


def test_nothing_is_left_of_a_composed_config(monkeypatch):
    at_the_end = []
    monkeypatch.setattr(common.atexit, "register", lambda call, *given, **options: at_the_end.append((call, given, options)))
    folder = Path(common.composed([]).paths.output)
    assert folder.is_dir()
    for call, given, options in at_the_end:
        call(*given, **options)
    assert not folder.exists()
