"""Figures: each is drawn from the operators, whose letters and sums are checked by hand; the command keeps what it draws."""

import pytest
import torch
from commands import TINY, error_line, script
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ablate.command import figures
from ablate.figure import coverage, deconvolution, gates, matrices, recurrent, steps, unrolled
from ablate.model.recurrent.cell.gru import GRU
from ablate.model.recurrent.cell.lstm import LSTM
from ablate.operator.matrix import conv_matrix, transposed_matrix

pytestmark = pytest.mark.slow


def words(figure):
    """Every text in the frames of a figure, frame by frame."""
    return [[text.get_text() for text in frame.texts] for frame in figure.axes]


def test_letters_stand_where_the_weights_stand_and_padding_is_told_apart():
    two = matrices.letters(conv_matrix, 4, 2, 1)
    assert ["".join(row) for row in two] == ["yz00", "0xyz"]
    back = matrices.letters(transposed_matrix, 2, 2, 0)
    assert matrices.product(back) == ["xa", "ya", "za + xb", "yb", "zb"]
    frames = words(matrices.matrices())
    assert [each for each in frames[2] if "+" in each] == ["ya + zb", "xb + yc + zd"] and frames[2].count("0") == 2
    assert [each for each in frames[3] if "cropped" in each] == ["xa (cropped)", "0 (cropped)"]
    hatched = [[patch for patch in axes.patches if patch.get_hatch()] for axes in steps.convolution().axes[1:5]]
    assert [len(each) for each in hatched] == [20] * 4


def test_unpooling_keeps_each_value():
    frames = words(steps.unpooling())
    assert frames[1] == [*"1122", *"1122", *"3344", *"3344"]
    assert frames[2] == [*"1020", *"0000", *"3040", *"0000"]
    assert [float(n) for n in frames[3]] == torch.nn.functional.interpolate(
        steps.VALUES, scale_factor=2, mode="bilinear"
    ).flatten().tolist()  # fmt: skip
    assert sorted(frames[8]) == sorted([*"1234", *["0"] * 12])
    before = torch.tensor([int(n) for n in frames[5]]).view(4, 4)
    after = torch.tensor([int(n) for n in frames[8]]).view(4, 4)
    assert before[after > 0].sort().values.tolist() == sorted(int(n) for n in frames[6])
    assert frames[14][:6] == ["1", "5", "2", "6", "9", "13"] and sorted(frames[14]) == sorted(sum(frames[10:14], []))


def test_steps_add_up():
    frames = words(steps.transposed_convolution())
    total, last = frames[5], frames[9]
    assert [sum(map(int, each.split("+"))) for each in last] == [int(each) for each in total]
    assert max(each.count("+") for each in last) == 3
    outputs = words(steps.convolution())
    assert [len([n for n in frame if n]) for frame in outputs[6:]] == [1, 2, 3, 4]


def test_titles_say_what_is_even():
    titles = {axes.get_title() for axes in coverage.coverage().axes}
    assert "kernel 3, stride 2\nuneven: 1:2:4" in titles and "kernel 4, stride 2\neven: 4" in titles
    torch.manual_seed(0)
    biased = {axes.get_title().split("\n")[0]: float(axes.get_title().split()[-1]) for axes in coverage.constant().axes}
    clean = {name for name, bias in biased.items() if bias < 1e-5}
    assert clean == {"nearest", "bilinear", "transposed 4, bilinear", "pixel shuffle, ICNR", "nearest, then 3×3"}
    assert min(bias for name, bias in biased.items() if name not in clean) > 1


def test_identities_and_deconvolution_are_drawn(monkeypatch):
    monkeypatch.setattr(deconvolution, "STEPS", 5)
    assert len(coverage.identities().axes[0].get_yticklabels()) == 17
    above, below = deconvolution.deconvolution().subfigs
    assert len(below.axes) == 2 and [axes.get_title().split("\n")[0] for axes in above.axes[6::7]] == ["scikit-image’s"] * 2


def test_the_gradient_of_the_shared_weight_is_the_sum_that_is_drawn():
    slides = unrolled.unrolled()
    assert list(slides) == ["many_to_many", "many_to_one", "one_to_many"]
    for shape, slide in zip(unrolled.SHAPES, slides.values(), strict=True):
        (frame,) = words(slide)
        assert slide.get_figwidth() / slide.get_figheight() == pytest.approx(16 / 9, rel=1e-3)
        found = unrolled.gradients(shape)
        assert torch.allclose(found.by_step.sum(0), found.shared, rtol=0, atol=1e-12)
        numbers = [float(each.replace("−", "-")) for each in frame if each.replace("−", "-").lstrip("-")[:1].isdigit()]
        *parts, total = torch.tensor(numbers, dtype=torch.float64).view(-1, 2, 2)
        assert len(parts) == unrolled.STEPS
        assert torch.allclose(sum(parts), total, atol=3e-3) and torch.allclose(total, found.shared, atol=6e-4)
        assert frame.count("$W$") == frame.count("$L$") == 1 and frame.count("$f_W$") == unrolled.STEPS
        assert [f"$x_{t + 1}$" in frame for t in unrolled.EVERY] == [t in shape.inputs for t in unrolled.EVERY]
        assert [f"$y_{t + 1}$" in frame for t in unrolled.EVERY] == [t in shape.outputs for t in unrolled.EVERY]


def drawn_numbers(figure):
    """The numbers in a figure, sorted."""
    lines = [line for text in words(figure)[0] for line in text.replace("−", "-").split("\n")]
    return sorted(float(line) for line in lines if line.lstrip("-")[:1].isdigit())


def three_decimals(*values):
    return sorted(round(number, 3) for value in values for number in value.flatten().tolist())


def test_a_diagram_of_an_lstm_has_the_numbers_of_its_step():
    cell, x, (h, c), after, _, _ = gates.step(LSTM)
    i, f, g, o = (x @ cell.weight_input.T + h @ cell.weight_hidden.T + cell.bias).detach().chunk(4, -1)
    opened, kept, added = [i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()], f.sigmoid() * c, i.sigmoid() * g.tanh()
    hidden, memory = torch.lstm_cell(x, (h, c), cell.weight_input, cell.weight_hidden, cell.bias, torch.zeros(8).double())
    assert torch.allclose(after.hidden, hidden) and torch.allclose(after.memory, memory)
    shown = [x, h, c, i, f, g, o, *opened, kept, added, memory, memory.tanh(), hidden]
    assert drawn_numbers(gates.lstm()) == pytest.approx(three_decimals(*shown), abs=1e-3)


def test_a_diagram_of_a_gru_has_the_numbers_of_its_step():
    cell, x, (h,), after, _, _ = gates.step(GRU)
    weights = cell.weight_input, cell.weight_hidden, cell.bias, torch.cat((torch.zeros(4).double(), cell.bias_candidate))
    xs, hs = (each.detach().chunk(3, -1) for each in (x @ weights[0].T + weights[2], h @ weights[1].T + weights[3]))
    r, z = ((a + b).sigmoid() for a, b in zip(xs[:2], hs))
    n, hidden = (xs[2] + r * hs[2]).tanh(), torch.gru_cell(x, h, *weights)
    assert torch.allclose(after.hidden, hidden)
    shown = [x, h, h, xs[0] + hs[0], xs[1] + hs[1], r, z, hs[2], xs[2], r * hs[2], xs[2] + r * hs[2], n, h - n, z * (h - n), hidden]
    assert drawn_numbers(gates.gru()) == pytest.approx(three_decimals(*shown), abs=1e-3)


def test_a_diagram_of_attention_has_weights_of_sum_one_and_none_on_padding():
    found = drawn_numbers(gates.attention())
    assert len(found) == 2 + 8 + 4 + 4 + 2
    frame = words(gates.attention())[0]
    number = lambda word: float(frame[frame.index(word) + 1].replace("−", "-"))  # noqa: E731
    weights = [number(f"$w_{i}$") for i in range(1, 5)]
    pairs = lambda word: [float(n) for n in frame[frame.index(word) + 1].replace("−", "-").split("\n")]  # noqa: E731
    keys = torch.tensor([pairs(word) for word in ("$k_1$", "$k_2$", "$k_3$", "padding")])
    expected = (keys @ torch.tensor(pairs("$q$"))).masked_fill(torch.tensor([False] * 3 + [True]), -torch.inf).softmax(0)
    assert weights == pytest.approx(expected.tolist(), abs=4e-3) and weights[3] == 0
    assert pairs("context") == pytest.approx((expected @ keys).tolist(), abs=6e-3)


def test_each_letter_of_a_long_sequence_has_its_label_and_none_overlaps():
    for count, every in ((150, 1), (300, 2)):
        figure = recurrent.plot_gates({"update": torch.rand(count, 4).numpy()}, "abcdefghmw" * (count // 10))
        figure.draw_without_rendering()
        labels = [label for label in figure.axes[0].get_xticklabels() if label.get_text()]
        assert len(labels) == count // every and ("one label in 2" in figure.axes[0].get_xlabel()) == (every == 2)
        boxes = [label.get_window_extent() for label in labels]
        assert all(left.x1 < right.x0 for left, right in zip(boxes, boxes[1:]))


def test_gradients_vanish_last_or_explode_by_cell(monkeypatch):
    monkeypatch.setattr(recurrent, "SEEDS", 1)
    monkeypatch.setattr(recurrent, "BATCH", 4)
    left, right = recurrent.gradient_flow().axes
    at = {line.get_label().split(":")[0].strip(): line.get_ydata() for axes in (left, right) for line in axes.lines[:-1]}
    assert at["tanh, orthogonal × 1.5"][100] > 30
    assert at["IRNN"][50] > 0.3
    assert 1e-4 < at["tanh, orthogonal"][50] < 1e-1
    assert max(at[name][50] for name in ("tanh, uniform (torch's)", "LSTM (torch's)", "GRU (torch's)")) < 1e-8
    assert 1e-6 < at["LSTM, forget bias 1"][50] < 1e-2 < at["LSTM, forget bias 3"][50]
    assert len(at) == 9  # the memories share a name


def test_checkerboard_before_and_after_a_training(monkeypatch):
    monkeypatch.setattr(figures, "NETWORK", [*TINY, "model/decoder=transposed_conv", "model.decoder.kernel=3"])
    figure = figures.trained_checkerboard()
    titles = [axes.get_title().split(":")[0] for axes in figure.axes]
    assert "transposed_conv (skip=none, kernel=3" in figure.get_suptitle()
    assert "before training" in titles and "trained" in titles
    flat = next(axes.images[0].get_array() for axes in figure.axes if "response" in axes.get_title())
    assert flat.shape == (16, 16)  # four total strides of 4: a pixel of the network is many of the picture


@pytest.mark.slow
@pytest.mark.parametrize("kind, begins", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_command_keeps_pictures_and_events(tmp_path, monkeypatch, kind, begins):
    def two_parts():
        return dict.fromkeys(("one", "two"), matrices.one_dimension())

    monkeypatch.setattr(figures, "FIGURES", (matrices.one_dimension, two_parts))
    figures.write_figures(["one_dimension", "two_parts"], None, tmp_path / "figures", tmp_path / "logs", format=kind)
    pictures = sorted((tmp_path / "figures").iterdir())
    names = ["one_dimension", "two_parts_one", "two_parts_two"]
    assert [path.name for path in pictures] == [f"{name}.{kind}" for name in names]
    assert all(path.read_bytes().startswith(begins) for path in pictures)
    events = EventAccumulator(str(tmp_path / "logs")).Reload()
    assert events.Tags()["images"] == names


@pytest.mark.slow
@pytest.mark.parametrize(
    "given, line",
    [
        (["matrixes"], "did you mean 'matrices'"),
        (["matrices", "format=jpg"], "one of: pdf, png, svg"),
        (["checkerboard", "--checkpoint", "none.ckpt"], "none.ckpt"),
        (["explanation"], "the figure explanation needs --checkpoint=FILE, of a segmenter or a captioner"),
        (["matrices", "--checkpoint", "none.ckpt"], "is for the figures checkerboard, explanation, sanity: none of them is named"),
    ],
)
def test_bad_input_is_one_line(given, line, tmp_path):
    assert line in error_line(script("figures", *given, cwd=tmp_path))
