"""Checkpoints from somebody else: whatever they hold, name and override, nothing of it runs; files that are none."""

import copy
import pickle

import pytest
import torch
from commands import TINY, composed, error_line, evaluated, script
from omegaconf import OmegaConf
from PIL import Image

from ablate.command.export.export import export
from ablate.command.figures import checkpoint_checkerboard
from ablate.command.generate.generate import generate
from ablate.command.predict.predict import predict
from ablate.console import console, print_table
from ablate.data.text.tokeniser import SPECIAL
from ablate.errors import BadInput
from ablate.run.build import build
from ablate.run.checkpoint import FORMAT, PARTS, TRAINING, check_continues, read_checkpoint, read_weights
from ablate.run.foreign import check_trust, plain_overrides
from ablate.run.load import load_task, start_from_weights
from ablate.run.train import make

pytestmark = pytest.mark.slow

NEAREST = {"_target_": "ablate.model.segmenter.decoder.nearest.nearest", "_partial_": True}
SMALL = "ablate.model.segmenter.encoder.small.SmallEncoder"
MKDIR = {"_target_": "os.mkdir", "path": "MARK"}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """What the checkpoint of a segmenter holds, untrained."""
    cfg = composed("train", tmp_path_factory.mktemp("run"), *TINY)
    parts = {"config": OmegaConf.to_container(cfg, resolve=True), "state_dict": build(cfg, "task").state_dict()}
    return parts | {"overrides": list(TINY), "tokenisers": {}, "format": FORMAT}


@pytest.fixture
def content(good):
    return copy.deepcopy(good)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "a.ckpt"


def commands(file):
    """Every command that loads a checkpoint, in this process."""
    checkpoint, folder = f"checkpoint={file}", file.parent
    Image.new("RGB", (9, 9)).save(folder / "a.png")
    yield lambda: evaluated(folder / "evaluated", file)
    yield lambda: predict(composed("predict", folder, checkpoint, f"input={folder}/a.png", f"output={folder}/predicted"))
    yield lambda: export(composed("export", folder, checkpoint, f"output={folder}/exported", "fold=false"))
    yield lambda: generate(composed("generate", folder, checkpoint))
    yield lambda: checkpoint_checkerboard(str(file))


def put(content, path, value):
    """`value` at the dotted `path` of the config; `#` begins an item of a list."""
    *way, last = path.split(".")
    node = content["config"]
    for name in way:
        node = node[name]
    node[last] = value


HOSTILE = {  # name: (where in the config, what, with the call of a marker at MARK)
    "a target": ("task.model.encoder", MKDIR),
    "the whole task": ("task", MKDIR),
    "in a list": ("task.class_names", [{"_target_": "os.mkdir", "_args_": ["MARK"]}]),
    "in a tuple": ("task.class_names", ("a", (MKDIR,))),
    "in lists of lists": ("task.class_weight", [[[{"a": [MKDIR]}]]]),
    "a call of a call": ("task.model", {"_target_": "pathlib.Path.mkdir", "self": {"_target_": "pathlib.Path", "x": "MARK"}}),
    "through a module of ours": ("task.model.encoder", {"_target_": "ablate.files.os.mkdir", "path": "MARK"}),
    "through a network's module": ("task.model.encoder", {"_target_": "ablate.task.base.torch.os.mkdir", "path": "MARK"}),
    "a method of a task": ("task.model", {"_target_": "ablate.task.base.Task.load_from_checkpoint", "checkpoint_path": "MARK"}),
    "a function that makes no network": ("task.model", {"_target_": "ablate.model.evaluation.evaluating", "module": None}),
    "a private function": ("task.model", {"_target_": "ablate.model.segmenter.encoder.small._downsampling", "kind": "max_pool"}),
    "what builds parts": ("task.model", {**MKDIR, "_target_": "ablate.run.build.make_partial", "_partial_target_": "os.mkdir"}),
    "in the place of a part": ("task.model.decoder", {**NEAREST, "_partial_target_": "os.mkdir", "path": "MARK"}),
    "torch's own": ("task.model.encoder", {"_target_": "torch.save", "obj": 1, "f": "MARK"}),
    "numpy's own": ("task.model.encoder", {"_target_": "numpy.save", "file": "MARK", "arr": [1]}),
    "Python's own": ("task.model.encoder", {"_target_": "builtins.exec", "_args_": ["open('MARK', 'w')"]}),
    "a partial of Python's own": ("task.model.decoder", {"_target_": "os.mkdir", "_partial_": True, "path": "MARK"}),
    "a target that is no text": ("task.model.encoder", {"_target_": ["os.mkdir"], "path": "MARK"}),
    "an interpolation": ("task.label_smoothing", "${oc.create:'{_target_: os.mkdir, path: MARK}'}"),
    "an interpolation in a list": ("task.class_names", ["a", "${oc.env:HOME}"]),
    "an interpolation as a key": ("task.model.encoder", {"${oc.env:HOME}": 1}),
    "an interpolation beside the task": ("data.palette", "${oc.create:'[]'}"),
    "other arguments of Hydra": ("task.model.encoder", {"_target_": SMALL, "_args_": [3]}),
    "a module that prints": ("task.model.encoder", {"_target_": "this.s"}),
}  # fmt: skip


def marked(value, mark):
    """`value` with `mark` in the place of MARK."""
    if isinstance(value, dict):
        return {key: marked(each, mark) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(marked(each, mark) for each in value)
    return value.replace("MARK", str(mark)) if isinstance(value, str) else value


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if i % 4 else ()) for i, name in enumerate(HOSTILE)])
def test_a_config_runs_nothing(name, content, file, capsys):
    mark = file.parent / "mark"
    put(content, *marked(HOSTILE[name], mark))
    torch.save(content, file)
    for call in commands(file):
        with pytest.raises(BadInput, match="is refused|does not have"):
            call()
    assert sorted(path.name for path in file.parent.iterdir()) == ["a.ckpt", "a.png"]
    assert capsys.readouterr().out == ""  # importing `this` prints


def test_what_stands_for_the_data_is_values_and_no_parts(content):
    put(content, "data.class_names", [MKDIR])
    with pytest.raises(BadInput, match="data.class_names.0=.* must be text"):
        load_task(content, "a.ckpt")


@pytest.mark.parametrize(
    "word",
    [
        "callbacks.progress._target_=os.system", "optimizer={_target_: os.system, command: 'echo CODE RAN'}", "--config-dir=evil",
        "+hydra.callbacks.evil._target_=os.system", "hydra.searchpath=[evil]", "experiment=../../evil", "data=/evil",
        "model/decoder=[../evil]", "optimizer=${oc.decode:${a}${b}}", "data.dataset=${oc.${evil}:${pay}}",
        r"data.root=$\{oc.env:HOME\}", "data.root='${oc.env:HOME}'", "seed=${oc.env:HOME}", "data.dataset={a: [{_args_: [1]}]}",
        "+data.dataset._partial_target_=os.system", "data@hydra.callbacks=voc", "data.root=a,b", "data.root=choice(a,b)",
        "data.root=" + 3000 * "[", "", 1, None,
    ],
)  # fmt: skip
def test_overrides_that_could_run_code_are_refused(word):
    with pytest.raises(BadInput, match="is refused: its override .* could run code"):
        plain_overrides(["seed=1", word], "a.ckpt")


def test_overrides_choose_data_model_and_task_and_nothing_else():
    kept = [*TINY[:5], "data=voc", "data.root=../../voc", "+task.x=[1, 2]", "model/decoder=nearest", "experiment=names", "seed=1"]
    left = ["log_dir=../logs", "name=/abs", "~logger", "optimizer.lr=1e-3", "trainer.profiler=advanced", "trainer=gpu",
            "callbacks.panel.folder=/abs", "+paths.output=/abs", "debug=fast", "probe=[inside]"]  # fmt: skip
    assert plain_overrides([*kept, *left], "a.ckpt") == kept


def test_the_figure_of_a_checkpoint_is_of_its_own_kind_of_data(content, file):
    torch.save(content | {"overrides": ["data=scene_captions"]}, file)
    with pytest.raises(BadInput, match="Segmentation learns from"):
        checkpoint_checkerboard(str(file))


class Evil:
    def __reduce__(self):
        return (print, ("CODE RAN",))


def changed(**parts):
    return lambda content: content | parts


def with_config(path, value):
    return lambda content: put(content, path, value) or content


def without(part, name):
    return lambda content: content[part].pop(name) is None or content


def with_weight(value):
    return lambda content: content | {"state_dict": content["state_dict"] | {"model.head.weight": value}}


CYCLE: dict = {}
CYCLE["again"] = CYCLE
WIDE: list = []
for _ in range(30):
    WIDE = [WIDE, WIDE]
WEIGHT = torch.zeros(9, 4, 1, 1)
BAD = {  # name: (what becomes of the good content, words)
    "tensor": (lambda content: torch.zeros(3), "not written by this project"),
    "pickle": (lambda content: Evil(), "is refused: it would run code"),
    "set": (changed(loops={"a": {1}}), "is refused: it holds a set"),
    "class": (changed(loops={"a": torch.nn.Parameter}), "refused"),
    "cycle": (changed(loops=CYCLE), "nested more than 32 deep"),
    "wide": (changed(loops={"a": WIDE}), "holds more than 10,000,000 values"),
    "sparse": (with_weight(WEIGHT.to_sparse()), "is refused: it holds a Tensor"),
    "shapes": (with_weight(WEIGHT.to("meta")), "is refused: it holds a Tensor"),
    "earlier": (changed(format=1), "was written by another version of this project: train it again"),
    **{f"no {part}": (changed(**{part: None}), f"lacks a part: '{part}'") for part in PARTS if part != "config"},
    "no config": (changed(config=None), "has no config"),
    "no weight": (lambda content: content["state_dict"].popitem() and content, "does not fit the network"),
    "other width": (with_config("task.model.encoder.width", 5), "does not fit the network"),
    "number": (lambda content: content | {"state_dict": {1: WEIGHT}}, "lacks the weight 1"),
    "NaN": (lambda content: content["state_dict"]["model.head.weight"].fill_(torch.nan) is None or content, "weight is not finite"),
    "no class": (with_config("task.model.encoder", {"_target_": "ablate.model.gone.X"}), "does not have"),
    "no model": (lambda content: content["config"]["task"].pop("model") and content, "cannot be built"),
    "no task": (with_config("task", {"_target_": SMALL}), "cannot be built"),
    "wrong option": (with_config("task.model.encoder.width", "x"), "model.encoder.width='x' must be a whole number"),
    "unknown option": (with_config("task.model.encoder.evil", 1), "cannot be built: .*evil"),
    "missing value": (with_config("task.model.encoder.width", "???"), "cannot be built"),
    "no palette": (lambda content: content["config"]["data"].pop("palette") and content, "does not know the palette"),
    "colours": (with_config("data.palette", [[0, 0, 256]]), "data.palette.0.2=256 must be a whole number"),
    "palette": (with_config("data.palette", "red"), "data.palette='red' must be a list"),
    "half a character": (changed(tokenisers={"source": {"tokens": [*SPECIAL, "\udcff"]}}), "tokeniser of source texts"),
    "tokeniser": (changed(tokenisers={"source": {"unit": "words"}}), "its tokeniser of source texts cannot be made"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_checkpoint_is_one_line(name, content, file, capsys):
    change, words = BAD[name]
    torch.save(change(content), file)
    Image.new("RGB", (9, 9)).save(file.parent / "a.png")
    given = [f"checkpoint={file}", f"input={file.parent}/a.png", f"output={file.parent}/out"]
    with pytest.raises(BadInput, match=words):
        predict(composed("predict", file.parent, *given))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("cut", "words"), [(lambda b: b[:5000], "truncated"), (lambda b: b"", "truncated"), (lambda b: pickle.dumps(Evil()), "refused")]
)
@pytest.mark.parametrize("read", [read_checkpoint, read_weights])
def test_damaged_files(content, file, cut, words, read, capsys):
    torch.save(content, file)
    file.write_bytes(cut(file.read_bytes()))
    with pytest.raises(BadInput, match=words):
        read(file)
    assert capsys.readouterr().out == ""


def test_encoder_weights_that_are_not_finite(content, file):
    content["state_dict"]["model.encoder.levels.0.0.0.weight"][0] = torch.inf
    torch.save(content, file)
    words = ["data=scene_captions", "task=captioning", "model=captioner", f"task.encoder_weights={file}", *TINY[3:5]]
    with pytest.raises(BadInput, match="encoder_weights=.*a.ckpt: model.encoder.levels.0.0.0.weight is not finite"):
        start_from_weights(build(composed("train", file.parent, *words), "task"))


def test_what_a_training_cannot_go_on_from(content, file):
    trainer = make(composed("train", file.parent, *TINY, "logger=none"))[2]
    states = {each.state_key: each.state_dict() for each in trainer.callbacks}
    content |= {"epoch": 1, "global_step": 9, "loops": {"fit_loop": trainer.fit_loop.state_dict()}, "callbacks": states}
    content |= {"optimizer_states": [{}], "lr_schedulers": [{}], "pytorch-lightning_version": "2"}
    check_continues(content, trainer, "a.ckpt")
    for part in TRAINING:
        with pytest.raises(BadInput, match=f"lacks a part: '{part}'"):
            check_continues({**content, part: None}, trainer, "a.ckpt")
    with pytest.raises(BadInput, match="lacks a part: 'loops.fit_loop."):
        check_continues(content | {"loops": {"fit_loop": {"epoch_progress": {}}}}, trainer, "a.ckpt")
    with pytest.raises(BadInput, match="lacks a part: 'curves'"):
        check_continues(content | {"callbacks": {"History": {"a": 1}}}, trainer, "a.ckpt")
    content["state_dict"]["model.head.bias"][3] = torch.inf
    with pytest.raises(BadInput, match="model.head.bias is not finite"):
        check_continues(content, trainer, "a.ckpt")
    check_continues({**content, "may_diverge": True}, trainer, "a.ckpt")


def test_a_package_is_trusted_by_the_users_word_alone(content, file, monkeypatch):
    (file.parent / "mylab").mkdir()
    (file.parent / "mylab/__init__.py").write_text(
        "import os\nfrom ablate.model.segmenter.decoder.nearest import nearest\ndef mine(*a, **b): return nearest(*a, **b)\n"
    )
    monkeypatch.syspath_prepend(file.parent)
    decoder = content["config"]["task"]["model"]["decoder"]
    decoder["_target_"], content["overrides"] = "mylab.mine", [*TINY, "+trust=[mylab]"]
    with pytest.raises(BadInput, match="would run 'mylab.mine' .*trust="):
        load_task(content, "a.ckpt")
    assert load_task(content, "a.ckpt", trust=["mylab"]).model.decoder is not None
    decoder["_target_"] = "mylab.os.mkdir"
    with pytest.raises(BadInput, match="mylab.os.mkdir"):
        load_task(content, "a.ckpt", trust=["mylab"])
    with pytest.raises(BadInput, match="trust=mylab must be a list"):
        check_trust("mylab")


def test_a_task_that_is_not_the_checkpoints(content, file):
    content["overrides"] = [*TINY, "task=reconstruction"]
    torch.save(content, file)
    for word in ("task=captioning", "task.label_smoothing=0.1", "experiment=names"):
        with pytest.raises(BadInput, match=f"{word}: network and task are the checkpoint's own"):
            evaluated(file.parent, file, word)
    with pytest.raises(BadInput, match="is of another task: it holds a Segmentation, not a Reconstruction"):
        evaluated(file.parent, file)


def test_words_of_a_network_give_a_terminal_no_orders(capsys):
    console.print("a \x1b]0;evil\x07 b\tc\r\nd")
    print_table(None, ("class",), [("\x1b[2J",)])
    assert not {"\x1b", "\x07", "\r"} & set(capsys.readouterr().out)


@pytest.mark.parametrize("device", ["cuda:77", "nowhere", "meta", "null"])
def test_a_device_that_is_not_there(content, file, device):
    torch.save(content, file)
    for name, command in (("predict", predict), ("generate", generate)):
        words = ["input=a"] if name == "predict" else []
        with pytest.raises(BadInput, match="device=.*cpu works everywhere"):
            command(composed(name, file.parent, f"checkpoint={file}", f"device={device}", *words))


def test_the_commands_say_one_line(content, file):
    content["overrides"] = ["--config-dir=evil"]
    torch.save(content, file)
    assert "could run code" in error_line(script("evaluate", f"checkpoint={file}", cwd=file.parent))
    assert "could run code" in error_line(script("figures", "checkerboard", "--checkpoint", str(file), cwd=file.parent))
