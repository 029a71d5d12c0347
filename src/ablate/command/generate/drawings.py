"""Pictures that a network draws."""

from pathlib import Path

import torch
from omegaconf import DictConfig

from ablate.console import console
from ablate.errors import check_positive
from ablate.figure.drawing import canvas_film, canvas_strip, sample_grid, save_film
from ablate.model.draw.filter_bank import Window
from ablate.task.generation import Generation

SAMPLES, STRIP, FILM = "samples.png", "canvases.png", "canvases.gif"
ROWS, FILMED = 8, 16  # pictures that are shown step by step


def write_drawings(task: Generation, cfg: DictConfig, folder: Path) -> torch.Tensor:
    """`cfg.count` pictures as a table; the first of them step by step as a strip, and as a film, with the window that writes.

    Returns:
        the probabilities of white, of axes n, h, w.
    """
    drawing, filters = task.draw(check_positive("count", cfg.count), cfg.seed), task.model.write_filters
    probability = drawing.canvas.sigmoid()
    folder.mkdir(parents=True, exist_ok=True)
    sample_grid(probability[:, -1]).save(folder / SAMPLES)
    canvas_strip(probability[:ROWS], _first(drawing.written, ROWS), filters).save(folder / STRIP)
    save_film(canvas_film(probability[:FILMED], _first(drawing.written, FILMED), filters), folder / FILM)
    console.print(f"look at {folder / SAMPLES}, and step by step at {folder / STRIP} and {folder / FILM}")
    return probability[:, -1]


def _first(written: Window | None, count: int) -> Window | None:
    return None if written is None else Window(*(field[:count] for field in written))
