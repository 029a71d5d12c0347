"""export.py: the folded network computes the same, at any size its files take; they load without this project."""

import json
import re

import pytest
import torch
from commands import TINY, compose, error_line, script, succeed
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import nn

from ablate.command.export.export import export, size_of
from ablate.command.export.fold import fold
from ablate.command.export.write import Sizes, free_program
from ablate.errors import BadInput

pytestmark = pytest.mark.slow

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
    "words, sizes, done",
    [
        (["decoder=nearest"], [SIZE, (20, 8)], "6 batch norms.* 2 times nearest upsampling"),
        (["decoder=resize_conv"], [SIZE, (13, 18)], "2 times resize"),
        (["decoder=resize_conv", "decoder.skip=add"], [SIZE, (13, 18)], "2 times resize"),
        (["decoder=bed_of_nails"], [SIZE, (13, 18)], "2 times bed of nails"),
        (["decoder=nearest", "decoder.skip=add"], [(13, 18)], "6 batch norms[^;]*$"),
        (["decoder=nearest", "decoder.conv_kernel=5"], [SIZE], r"upsampling stays as it is: .*this one has \(5, 5\)"),
        (["decoder=nearest"], [(13, 18)], "size=13 is no multiple of 4; the nearest is 12"),
        (["decoder=deconvnet"], [(13, 18)], "6 batch norms[^;]*$"),
        (["decoder=bilinear_fixed", "encoder.norm=none"], [SIZE], "^$"),
    ],
)
def test_folded_is_the_same_function(words, sizes, done):
    model = network(f"model/{words[0]}", *(f"model.{word}" for word in words[1:]))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    folded = fold(model, sizes[0])
    assert re.search(done, "; ".join(folded.done))
    for size in sizes:
        image = torch.rand(2, 3, *size, dtype=torch.float64)
        assert (folded.model(image) - model(image)).abs().max() < 1e-12
    assert folded.multiple == (4 if "times nearest" in done else 1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_package_that_is_missing_has_its_install_command(monkeypatch):
    monkeypatch.setattr("ablate.command.export.export.find_spec", lambda name: None if name == "onnxruntime" else name)
    with pytest.raises(BadInput, match="onnx=true needs onnxruntime: pip install onnxscript onnxruntime"):
        export(OmegaConf.create({"onnx": True}))


def test_sizes():
    assert size_of(None, 32) == (32, 32) and size_of(48, 32) == (48, 48) and size_of([2, 3], None) == (2, 3)
    with pytest.raises(BadInput, match="name one, as size="):
        size_of(None, None)
    with pytest.raises(BadInput, match="size=0"):
        size_of(0, 32)


@pytest.mark.parametrize("words", ["model/decoder=max_unpool", "model.encoder.downsample=strided_conv"])
def test_switches_and_strided_convolutions_are_exported_for_odd_sizes(words):
    model, image = network("model.encoder.depth=1", words).float(), torch.rand(1, 3, 13, 18)
    program, sizes = free_program(model, SIZE, 2, 1)
    assert sizes == Sizes(1, 3) and torch.allclose(program.module()(image), model(image), atol=1e-6)


class Only(nn.Module):
    """A network of a user's own for sizes in steps of 4, or for one size."""

    def __init__(self, *size):
        super().__init__()
        self.size = size

    def forward(self, image):
        return image.reshape(image.shape[0], *self.size) if self.size else image.unflatten(2, (-1, 4)).mean(3)


@pytest.mark.parametrize("words, sizes", [((), Sizes(4, 8)), ((3, *SIZE), Sizes(None))])
def test_a_network_that_does_not_take_all_sizes_is_exported_with_those_it_takes(words, sizes):
    program, found = free_program(Only(*words), SIZE, 4, 1)
    assert found[:2] == sizes[:2] and program.module()(torch.ones(5, 3, *SIZE)).shape[0] == 5
    said = r"16×24 only, as torch.export cannot leave their size free: \w" if words else "multiples of 4, from 8 on"
    assert re.search(said, found.words(SIZE))
    with pytest.raises((RuntimeError, AssertionError)):
        program.module()(torch.ones(1, 3, 18, 24))


@pytest.mark.slow
def test_the_command_writes_files_that_need_nothing_of_this_project(tmp_path):
    pytest.importorskip("onnxscript", reason="pip install onnxscript onnxruntime")
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install onnxscript onnxruntime")
    model = ["model/decoder=pixel_shuffle", "model.encoder.downsample=avg_pool", "model.encoder.depth=1"]
    succeed("train", *TINY, *model, "debug=fast", "hydra.run.dir=run", cwd=tmp_path)
    words = ["checkpoint=run/checkpoints/best.ckpt", "onnx=true", "repeats=2", "output=out"]
    done = script("export", *words, cwd=tmp_path)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    said = " ".join(done.stdout.split())
    assert "4 batch norms" in said and "ms for 16" in said and "on 16×16 and 17×19" in said
    assert "any height and width, from 3 on" in said
    known = {"palette": ""}
    loaded = torch.export.load(tmp_path / "out/model.pt2", extra_files=known).module()
    session = onnxruntime.InferenceSession(tmp_path / "out/model.onnx", providers=["CPUExecutionProvider"])
    held = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
    image = torch.rand(3, 3, 23, 38)
    (again,) = session.run(None, {"image": image.numpy()})
    assert torch.allclose(torch.from_numpy(again), loaded(image), atol=1e-4)
    assert session.get_inputs()[0].shape == ["batch", 3, "height", "width"]
    assert held["class_names"] == list(compose(*TINY).data.class_names) and len(held["palette"]) == again.shape[1]
    assert held["palette"] == json.loads(known["palette"]) and held["mean"] == [0] * 3 and held["std"] == [255] * 3
    assert "holds model.pt2 already" in error_line(script("export", *words, cwd=tmp_path))
    assert "did you mean 'onnx'" in error_line(script("export", words[0], "onx=true", cwd=tmp_path))
    assert "missing.ckpt" in error_line(script("export", "checkpoint=missing.ckpt", cwd=tmp_path))
