"""export.py: the folded network computes the same, its files load without this project, and what cannot be folded is one line."""

import pytest
import torch
from commands import TINY, compose, error_line, script, succeed
from hydra.utils import instantiate
from refusals import refusals

from ablate.command.export import fold_upsampling, size_of
from ablate.errors import BadInput

SIZE = (16, 24)


def network(*words):
    torch.manual_seed(0)
    model = instantiate(compose(*TINY, *words).task, _convert_="all").model.double().eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model


@pytest.mark.parametrize(
    "words", [("model/decoder=nearest",), ("model/decoder=resize_conv",), ("model/decoder=resize_conv", "model.decoder.skip=add")]
)
def test_folded_is_the_same_function(words):
    model, image = network(*words), torch.rand(2, 3, *SIZE, dtype=torch.float64)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    folded = fold_upsampling(model, SIZE)
    kinds = [type(layer).__name__ for layer in folded.decoder.upsamplings]
    assert set(kinds) == {"ConvTranspose2d"}
    assert (folded(image) - model(image)).abs().max() < 1e-12
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_resize_convolution_folds_at_odd_sizes_and_nearest_says_that_it_does_not():
    image = torch.rand(1, 3, 13, 18, dtype=torch.float64)
    model = network("model/decoder=resize_conv")
    assert (fold_upsampling(model, (13, 18))(image) - model(image)).abs().max() < 1e-12
    with pytest.raises(BadInput, match="size=13: a folded network takes multiples of 4; the nearest is 12"):
        fold_upsampling(network("model/decoder=nearest"), (13, 18))


test_what_cannot_be_folded = refusals(
    (("model/decoder=transposed_conv",), "fold=false exports the network as it is"),
    (("model/decoder=nearest", "model.decoder.skip=add"), "no nearest upsampling right before a convolution"),
    (("model/decoder=bilinear_fixed",), "no nearest upsampling"),
    (("model/decoder=nearest", "model.decoder.conv_kernel=5"), r"kernel_size=\(3, 3\); this one has \(5, 5\)"),
    of=lambda words: fold_upsampling(network(*words), SIZE),
)


def test_sizes():
    assert size_of(None, 32) == (32, 32) and size_of(48, 32) == (48, 48) and size_of([2, 3], None) == (2, 3)
    with pytest.raises(BadInput, match="name one, as size="):
        size_of(None, None)
    with pytest.raises(BadInput, match="size=0"):
        size_of(0, 32)


@pytest.mark.slow
def test_the_command_writes_files_that_need_nothing_of_this_project(tmp_path):
    succeed("train", *TINY, "debug=fast", "model/decoder=nearest", "hydra.run.dir=run", cwd=tmp_path)
    words = ["checkpoint=run/checkpoints/best.ckpt", "onnx=true", "repeats=2", "output=out"]
    done = script("export", *words, cwd=tmp_path)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    assert "the largest difference is" in done.stdout and "ms for 16" in done.stdout
    loaded = torch.export.load(tmp_path / "out/model.pt2").module()
    side = compose(*TINY).data.image_size
    image = torch.rand(3, 3, side, side)
    logits = loaded(image)
    reference = pytest.importorskip("onnx.reference").ReferenceEvaluator(str(tmp_path / "out/model.onnx"))
    (again,) = reference.run(None, {"image": image.numpy()})
    assert torch.allclose(torch.from_numpy(again), logits, atol=1e-4)
    assert "holds model.pt2 already" in error_line(script("export", *words, cwd=tmp_path))
    assert "did you mean 'onnx'" in error_line(script("export", words[0], "onx=true", cwd=tmp_path))
    assert "missing.ckpt" in error_line(script("export", "checkpoint=missing.ckpt", cwd=tmp_path))
