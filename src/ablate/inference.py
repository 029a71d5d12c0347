"""A trained network again: its test metrics, and its masks for new pictures."""

from collections.abc import Iterator
from pathlib import Path
from pydoc import locate
from typing import Any

import numpy as np
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from jaxtyping import Int
from lightning.pytorch import seed_everything
from omegaconf import DictConfig, OmegaConf
from PIL import Image, UnidentifiedImageError
from rich.progress import track
from torch import Tensor

from ablate import run_folder, summary
from ablate.callback.checkpoint import AtomicCheckpointIO, plain_overrides, read_checkpoint
from ablate.callback.panel import colour_map
from ablate.errors import BadInput
from ablate.experiment import build, complete
from ablate.task.base import Task
from ablate.task.segmentation import Segmentation

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}
MAY_BE_BUILT = ("ablate.task.", "ablate.model.")


def overrides_of(path: str) -> list[str]:
    """The overrides of the run that wrote a checkpoint."""
    return plain_overrides(read_checkpoint(path), path)


def load_task(checkpoint: dict[str, Any], path: str) -> Task:
    """The task of a checkpoint with its weights; only this project's own networks are ever built from a file."""
    config = dict(checkpoint["config"]["task"], optimizer=None, scheduler=None)
    _check_targets(config, path)
    try:
        task = instantiate(OmegaConf.create(config), _convert_="all", optimizer=_no_training, scheduler=_no_training)
    except InstantiationException as error:
        raise BadInput(f"checkpoint {path!r} names a network that cannot be built: {error.__cause__ or error}") from error
    try:
        task.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise BadInput(f"checkpoint {path!r} does not fit the network its config describes") from error
    task.config, task.vocabulary = checkpoint["config"], checkpoint.get("vocabulary")
    return task.eval()


def _no_training(*_: object, **__: object) -> None:
    raise NotImplementedError("a network from a checkpoint is not trained")


def evaluate(cfg: DictConfig) -> dict[str, float]:
    """Test metrics of `cfg.checkpoint` on `cfg.data`, shown and kept in metrics.json of a folder of their own."""
    checkpoint = read_checkpoint(cfg.checkpoint)
    seed_everything(cfg.seed, workers=True, verbose=False)
    data, task = build(cfg, "datamodule"), load_task(checkpoint, cfg.checkpoint)
    data.adopt(checkpoint.get("vocabulary"))
    complete(cfg, data)
    trained = checkpoint["config"]["data"]
    if trained.get("num_classes") != cfg.data.get("num_classes"):
        raise BadInput(
            f"checkpoint {cfg.checkpoint!r} knows {trained.get('num_classes')} classes, "
            f"data={HydraConfig.get().runtime.choices.data} has {cfg.data.get('num_classes')}"
        )
    data.check("test")
    callbacks = [build(cfg.callbacks, name) for name in ("progress", "confusion") if name in cfg.callbacks]
    callbacks += [build(cfg, "metric")] if "metric" in cfg else []
    trainer = build(cfg, "trainer", logger=False, callbacks=callbacks, plugins=[AtomicCheckpointIO()])
    task.check(data.some("test", 1), trainer)
    result = trainer.test(task, datamodule=data, verbose=False)[0]
    metrics = {tag: float(value) for tag, value in result.items()}
    folder = Path(HydraConfig.get().runtime.output_dir)
    run_folder.write_json(folder / run_folder.METRICS, metrics)
    summary.console.print(summary.metrics_table(metrics))
    summary.console.print(f"kept in {folder}")
    return metrics


def predict(cfg: DictConfig) -> None:
    """A palette mask NAME.png and an overlay NAME_overlay.png for each picture, at the picture's own size."""
    task = load_task(read_checkpoint(cfg.checkpoint), cfg.checkpoint)
    try:
        task.to(cfg.device)
    except (RuntimeError, AssertionError) as error:
        raise BadInput(f"device={cfg.device}: {str(error).splitlines()[0]}") from error
    if not isinstance(task, Segmentation):
        raise BadInput(f"predict.py makes masks: checkpoint {cfg.checkpoint!r} is of task={task.config['task']['name']}, not segmentation")
    pictures, output = list(_pictures(Path(cfg.input))), Path(cfg.output)
    _make_free(output, pictures)
    palette, unreadable = task.config["data"]["palette"], []
    for path in track(pictures, description="predicting", console=summary.console):
        try:
            image = np.asarray(Image.open(path).convert("RGB"))
        except (UnidentifiedImageError, OSError, SyntaxError):
            unreadable.append(str(path))
            continue
        _write(image, segment(task, image), palette, *_targets(output, path.stem))
    if unreadable:
        raise BadInput(f"not a readable picture: {', '.join(unreadable)}")
    summary.console.print(f"{len(pictures)} masks and overlays in {output}")


@torch.inference_mode()
def segment(task: Task, image: np.ndarray) -> Int[Tensor, "h w"]:
    """Class indices of one picture, (h, w, 3) uint8."""
    pixels = torch.from_numpy(image.copy()).to(task.device).permute(2, 0, 1)[None].float() / 255
    return task.model(pixels).argmax(1)[0].cpu()


def _make_free(output: Path, pictures: list[Path]) -> None:
    """Make the folder, where it is missing; refuse to write over anything, be it two pictures' masks of one name."""
    output.mkdir(parents=True, exist_ok=True)
    names = [path.stem for path in pictures]
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"two pictures are called {name!r}: their masks would have one name; predict them apart")
        if taken := [path.name for path in _targets(output, name) if path.exists()]:
            raise BadInput(f"output={str(output)!r} holds {taken[0]} already; name another folder")


def _targets(output: Path, name: str) -> tuple[Path, Path]:
    return output / f"{name}.png", output / f"{name}_overlay.png"


def _write(image: np.ndarray, label: Tensor, palette: list[list[int]], mask_file: Path, overlay_file: Path) -> None:
    mask = Image.fromarray(label.byte().numpy(), mode="P")
    mask.putpalette([value for colour in palette for value in colour])
    mask.save(mask_file)
    overlay = Image.blend(Image.fromarray(image), Image.fromarray(colour_map(label, palette)), 0.5)
    overlay.save(overlay_file)


def _pictures(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise BadInput(f"input={str(path)!r} is neither a picture nor a folder")
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES)
    if not found:
        raise BadInput(f"input={str(path)!r} holds no picture ({', '.join(sorted(SUFFIXES))})")
    yield from found


def _check_targets(config: object, path: str) -> None:
    """A checkpoint names the classes it is rebuilt from; let it name nothing but networks and tasks."""
    if isinstance(config, dict):
        target = config.get("_target_")
        if target is not None and not _may_be_built(str(target), path):
            raise BadInput(f"checkpoint {path!r} is refused: it would run {target}")
        for value in config.values():
            _check_targets(value, path)


def _may_be_built(target: str, path: str) -> bool:
    """By its name, before anything is imported, then by where it was defined."""
    if not target.startswith(MAY_BE_BUILT):
        return False
    if (found := locate(target)) is None:
        raise BadInput(f"checkpoint {path!r} needs {target}, which this version does not have")
    return f"{found.__module__}.".startswith(MAY_BE_BUILT)
