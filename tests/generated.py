"""Generated scenes for the tests: the default ones, but for what a test changes."""

from ablate.data.scene.parameters import SHAPES
from ablate.data.scene.scenes import Scenes

OPTIONS = dict(
    sizes={"train": 2048, "val": 256, "test": 512},
    image_size=64,
    objects=[2, 6],
    class_names=["background", *SHAPES],
    noise=0.05,
    seed=0,
)


def scenes(split="train", **changed):
    return Scenes(split=split, **OPTIONS | changed)


def raw(dataset, indices):
    return dataset.collate([dataset[i] for i in indices])


def batch(dataset, indices):
    return dataset.finish(raw(dataset, indices))
