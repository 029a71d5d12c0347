"""A page for a lecture: one test picture, all methods side by side."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch.nn.functional as F
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from PIL import Image

from ablate.command.explain.opened import open_checkpoint
from ablate.command.explain.targets import Target, of_picture
from ablate.command.predict.predictor import Predictor
from ablate.data.text.tokeniser import SPECIAL
from ablate.errors import BadInput
from ablate.explanation.integrated_gradients import integrated_gradients
from ablate.explanation.methods import METHODS, Method
from ablate.explanation.occlusion import PARTS, occlusion
from ablate.explanation.smooth_gradient import smooth_gradient
from ablate.figure.explanation import ATTENTION, Row, side_by_side
from ablate.task.captioning import Captioning

MOST = 9  # rows of a page: classes of a picture, or words of a caption
SAMPLES, STEPS = 25, 32  # of smooth_gradient and integrated_gradients: a page of a street within minutes


def explanation_page(path: str, trust: Sequence[str] = ()) -> Figure:
    """The classes that a segmenter finds in the first picture of its test split, or the words that a captioner writes of it.

    Raises:
        BadInput: the checkpoint's network sees no pictures, or its data are not there.
    """
    opened = open_checkpoint(path, "explanation", trust)
    image = opened.pictures(1).image[0]
    picture = Image.fromarray((image.permute(1, 2, 0) * 255).round().byte().cpu().numpy().astype(np.uint8))
    options = OmegaConf.create({"question": None, "resize": False})
    targets = list(of_picture(Predictor(opened.task), picture, "the test picture", None, options))
    written = " ".join(target.name for target in targets if target.name not in SPECIAL)
    return side_by_side(rows_of(targets[:MOST]), f"“{written}”" if isinstance(opened.task, Captioning) else "")


def rows_of(targets: Sequence[Target]) -> list[Row]:
    """A row a target, of all methods that the network can have; and its attention, upsampled as Grad-CAM's map is."""
    side = max(1, min(targets[0].x.shape[2:]) // PARTS)
    own: dict[str, Method] = {
        "smooth_gradient": partial(smooth_gradient, samples=SAMPLES),
        "integrated_gradients": partial(integrated_gradients, steps=STEPS),
        "occlusion": partial(occlusion, window=side, stride=side),
    }
    rows = []
    for target in targets:
        found = {}
        for name, method in METHODS.items():
            try:
                found[name] = own.get(name, method)(target.score, target.x)[0]
            except BadInput:  # which network has what is the same for all rows
                continue
        if target.attention is not None:
            looked = F.interpolate(target.attention[None, None].float(), tuple(target.x.shape[2:]), mode="bilinear")[0]
            found[ATTENTION] = looked.expand_as(target.x[0])
        rows.append(Row(target.x[0], target.name, found, target.mark))
    return rows
