"""Questions of one's own on pictures or on stories, each with one answer out of a list."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from ablate.data.batch import QuestionBatch
from ablate.data.dataset import Dataset
from ablate.data.own.captions import FILES, Album
from ablate.data.own.rows import SUFFIXES, Refuse, Role, Row, Table, place, read_parts, stop
from ablate.data.own.splits import Splits
from ablate.data.picture.captions import resized
from ablate.data.picture.file import read_picture
from ablate.data.split import SPLITS, Split
from ablate.data.text.dataset import clip_lengths, pad_with_lengths, split_texts
from ablate.data.text.labelled import class_index, find_classes
from ablate.data.text.tokeniser import Tokeniser
from ablate.errors import BadInput
from ablate.schema.options import SOME, Size, Steps, checked, height_width

QUESTIONS, ANSWERS = ("question", "query", "q"), ("answer", "answers", "label", "a")
STORIES = ("story", "context", "passage", "paragraph", "text")
WHAT = "a TSV, CSV or JSON lines file with a question, its answer, and the file of a picture or a story a row"


class Asked(NamedTuple):
    """What a reader gives for each question: a picture or a story, not both."""

    question: str
    answer: str
    picture: Path | None
    story: str | None
    location: str


class Sample(NamedTuple):
    """One question as numbers."""

    question: Int[Tensor, " t"]
    target: int
    index: int
    image: UInt8[Tensor, "3 h w"] | None
    story: Int[Tensor, " s"] | None


class Questions(Dataset):
    """Each sample is a question on a picture or on a story. Stories longer than `max_length` lose their beginnings.

    Args:
        read: split -> questions in a fixed order.
        image_size: of pictures; they are resized whatever their proportions.
        tokeniser: how questions and stories become tokens; their common vocabulary is counted on the training split.
        max_length: tokens that are kept of a story, the last ones; None: all.
        class_names: the answers; None: those that the splits have.

    Raises:
        BadInput: an empty question or story, an unknown answer, pictures beside stories; or what the reader finds.
    """

    @checked
    def __init__(
        self,
        split: Split,
        *,
        read: Callable[[Split], Sequence[Asked]],
        image_size: Size,
        tokeniser: Tokeniser,
        max_length: Steps | None,
        class_names: Annotated[Sequence[str], SOME] | None,
    ) -> None:
        self.asked = self.taken(read, split)
        self.size, self.max_length, self.tokenisers = height_width(image_size), max_length, {"source": tokeniser}
        self.found: dict[str, Any] = {}
        if class_names is None:
            class_names = find_classes(each.answer for part in SPLITS for each in read(part))
            self.found = {"class_names": class_names, "num_classes": len(class_names)}
        locations = [each.location for each in self.asked]
        self.targets = [class_index(each.answer, class_names, each.location) for each in self.asked]
        self.questions = split_texts(tokeniser, [each.question for each in self.asked], locations, "question")
        stories = [each.story for each in self.asked if each.story is not None]
        if len(stories) not in (0, len(self.asked)):
            raise BadInput(f"{next(e.location for e in self.asked if e.story is None)}: no story, which other rows have")
        self.stories = split_texts(tokeniser, stories, locations, "story")
        self.lengths = list(map(len, self.stories or self.questions))
        _, self.cut = clip_lengths(list(map(len, self.stories)), max_length)
        self.kept: dict[Path, UInt8[Tensor, "3 h w"]] = {}

    def fit_tokenisers(self) -> Mapping[str, Tokeniser]:
        return {"source": self.tokenisers["source"].fitted([*self.questions, *self.stories])}

    def inferred_config(self) -> dict[str, Any]:
        return super().inferred_config() | self.found

    def check(self, batch_size: int = 1) -> None:
        for each in self.asked:
            if each.picture is not None:
                self._image(each.picture)

    def __len__(self) -> int:
        return len(self.asked)

    def __getitem__(self, index: int) -> Sample:
        encode, picture = self.tokenisers["source"].vocabulary.encode, self.asked[index].picture
        story = torch.tensor(encode(self.stories[index][-(self.max_length or 0) :])) if self.stories else None
        image = None if picture is None else self._image(picture)
        return Sample(torch.tensor(encode(self.questions[index])), self.targets[index], index, image, story)

    def collate(self, samples: list[Sample]) -> QuestionBatch:
        question, lengths = pad_with_lengths([sample.question for sample in samples])
        images = [sample.image for sample in samples if sample.image is not None]
        told = [sample.story for sample in samples if sample.story is not None]
        story, story_lengths = pad_with_lengths(told) if told else (None, None)
        target, index = (torch.tensor([sample[field] for sample in samples]) for field in (1, 2))
        return QuestionBatch(question, lengths, target, index, torch.stack(images) if images else None, story, story_lengths)

    def finish(self, batch: QuestionBatch) -> QuestionBatch:
        """With pictures as numbers in [0, 1]; they come as bytes."""
        return batch if batch.image is None else batch._replace(image=batch.image.float() / 255)

    def with_references(self, batch: QuestionBatch) -> QuestionBatch:
        """Of stories, with no supporting sentences: nobody has marked them."""
        return batch if batch.story is None else batch._replace(support=[[] for _ in batch.index])

    def _image(self, path: Path) -> UInt8[Tensor, "3 h w"]:
        if path not in self.kept:
            self.kept[path] = resized(read_picture(path), self.size)
        return self.kept[path]


def questions(
    split: Split,
    *,
    question: str | int | None,
    answer: str | int | None,
    file: str | int | None,
    story: str | int | None,
    images: str | None,
    table: Table,
    splits: Splits,
    refuse: Refuse = stop,
) -> Sequence[Asked]:
    """A question with its answer, and the picture or the story that it is on, a row.

    All questions on one picture, or on one story, come into one split where they are drawn.

    Args:
        question, answer, file, story: columns; None: those that are called so, or alike.
        images: the folder of the pictures; None: that of the table, or a folder images in it.

    Raises:
        BadInput: what `Table` and `Splits` refuse; a missing picture, an empty field.
    """
    album = Album(splits.files(SUFFIXES, WHAT)["train"].parent, images)

    def make(row: Row) -> Asked:
        if "file" in row.fields:
            return Asked(row["question"], row["answer"], album.path(row["file"], row.location), None, row.location)
        if "story" not in row.fields:
            raise BadInput(f"{row.location}: there is no column for a picture or a story (`file`=COLUMN, `story`=COLUMN)")
        return Asked(row["question"], row["answer"], None, row["story"], row.location)

    roles = [Role("question", question, QUESTIONS), Role("answer", answer, ANSWERS)]
    roles += [Role("file", file, FILES, needed=False), Role("story", story, STORIES, needed=False)]
    parts = read_parts(table, splits, roles, make, WHAT, refuse=refuse)
    return splits.choose(split, parts, lambda asked: place(asked.location), lambda asked: str(asked.picture or asked.story))
