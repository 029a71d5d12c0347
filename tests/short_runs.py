"""Short trainings whose checkpoints several tests ask questions: the words of each kind, and a run when it is first asked for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from commands import TINY, composed
from sequence_data import write_stories

from ablate.run.train import train

SHORT = ["model.embedding_size=8", "model.cell.hidden_size=8", "trainer.max_epochs=1", "logger=none", "~callbacks.progress"]
PICTURES = [word for word in TINY if "max_epochs" not in word] + SHORT
PAIRS = ["task=translation", "model=sequence_to_sequence", "data.dataset.read.sizes={train: 64, val: 8, test: 8}", *SHORT]
STORIES = ["data=babi", "task=question_answering", "model=story_question_answering", "data.dataset.tasks=[1]", "data.max_length=9"]
STORY = "1 Mary moved to the bathroom.\n2 John went to the hallway.\n3 Where is Mary? \tbathroom\t1\n"


def on_demand(folder: Path, words: Mapping[str, Sequence[str]]) -> Callable[[str], Path]:
    """Name -> checkpoint of a run with the words of that name, trained when it is first asked for; "stories" get theirs."""
    stories, found = write_stories(folder / "babi", STORY * 3), {}

    def run(name: str) -> Path:
        if name not in found:
            root = [f"data.root={stories}"] if name == "stories" else []
            train(composed("train", folder / name, *words[name], *root))
            found[name] = folder / name / "checkpoints/best.ckpt"
        return found[name]

    return run
