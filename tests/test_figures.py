"""Figures: each is drawn from the operators, whose letters and sums are checked by hand; the command keeps what it draws."""

import pytest
import torch
from commands import TINY, error_line, script
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ablate.figure import checkerboard, coverage, deconvolution, identities, matrices, steps, unpooling
from ablate.operator.matrix import conv_matrix, transposed_matrix


def words(figure):
    """Every text in the frames of a figure, frame by frame."""
    return [[text.get_text() for text in frame.texts] for frame in figure.axes]


def test_letters_stand_where_the_weights_stand():
    two = matrices.letters(lambda kernel: conv_matrix(kernel, 4, 2, 1).toarray())
    assert ["".join(row) for row in two] == ["yz00", "0xyz"]
    back = matrices.letters(lambda kernel: transposed_matrix(kernel, 2, 2, 0).toarray())
    assert matrices.product(back) == ["xa", "ya", "za + xb", "yb", "zb"]


def test_unpooling_keeps_each_value():
    frames = words(unpooling.unpooling())
    assert frames[1] == [*"1122", *"1122", *"3344", *"3344"]
    assert frames[2] == [*"1020", *"0000", *"3040", *"0000"]
    assert sorted(frames[7]) == sorted([*"1234", *["0"] * 12])
    before = torch.tensor([int(n) for n in frames[4]]).view(4, 4)
    after = torch.tensor([int(n) for n in frames[7]]).view(4, 4)
    assert before[after > 0].sort().values.tolist() == sorted(int(n) for n in frames[5])


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
    assert clean == {"nearest", "bilinear", "transposed 4, bilinear weights", "pixel shuffle, ICNR", "nearest, then 3×3"}
    assert min(bias for name, bias in biased.items() if name not in clean) > 1


def test_identities_and_deconvolution_are_drawn(monkeypatch):
    monkeypatch.setattr(deconvolution, "STEPS", 5)
    assert len(identities.identities().axes[0].get_yticklabels()) == 15
    above, below = deconvolution.deconvolution().subfigs
    assert len(below.axes) == 2 and [axes.get_title().split("\n")[0] for axes in above.axes[6::7]] == ["scikit-image’s"] * 2


def test_checkerboard_before_and_after_a_training(monkeypatch):
    monkeypatch.setattr(checkerboard, "NETWORK", [*TINY, "model/decoder=transposed_conv", "model.decoder.kernel=3"])
    figure = checkerboard.checkerboard()
    titles = [axes.get_title().split(":")[0] for axes in figure.axes]
    assert "before training" in titles and "trained" in titles
    flat = next(axes.images[0].get_array() for axes in figure.axes if "answer" in axes.get_title())
    assert flat.shape == (16, 16)  # four total strides of 4: a pixel of the network is many of the picture


def test_the_command_keeps_pictures_and_events(tmp_path):
    done = script("figures", "matrices", "coverage", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    pictures = sorted((tmp_path / "figures").iterdir())
    assert [path.stem for path in pictures] == ["coverage", "matrices"]
    assert all(Image.open(path).width > 1000 for path in pictures)
    events = EventAccumulator(str(tmp_path / "logs/figures")).Reload()
    assert set(events.Tags()["images"]) == {"coverage", "matrices"}


@pytest.mark.parametrize(
    "given, line",
    [(["matrixes"], "did you mean 'matrices'"), (["checkerboard", "--checkpoint", "none.ckpt"], "none.ckpt")],
)
def test_bad_input_is_one_line(given, line, tmp_path):
    assert line in error_line(script("figures", *given, cwd=tmp_path))
