"""bAbI: the layout, the stories as they stand before each question, and the real files."""

from pathlib import Path

from refusals import refusals
from sequence_data import FOLDERS, config, opened_option, write_stories

TEXT = """1 Mary moved to the bathroom.
2 John went to the hallway.
3 Where is Mary? \tbathroom\t1
4 Mary went to the garden.
5 Where is Mary?\tgarden\t1 4
1 Bill took the apple.
2 What is Bill carrying?\tapple,milk\t1
"""


def babi(folder: Path, text: str = TEXT, split: str = "train", **changes: object):
    return opened_option("babi", split, **{"root": write_stories(folder, text), "dataset__tasks": [1], **changes})


def test_stories_questions_answers_and_support(tmp_path: Path):
    data = babi(tmp_path)
    assert len(data) == 3 and data.lengths == [12, 18, 5] and data.cut == 0
    batch = data.collate([data[i] for i in range(3)])
    told = data.tokenisers["source"].text(batch.story[1].tolist())
    assert told == "mary moved to the bathroom . john went to the hallway . mary went to the garden ."
    assert data.tokenisers["source"].text(batch.question[2, : batch.question_lengths[2]].tolist()) == "what is bill carrying ?"
    assert batch.story_lengths.tolist() == [12, 18, 5] and batch.image is None and not batch.story[2, 5:].any()
    names = list(config("babi").class_names)
    assert [names[int(i)] for i in batch.target] == ["bathroom", "garden", "apple,milk"]
    assert [story.answer for story in data.stories] == ["bathroom", "garden", "apple,milk"]
    assert data.supporting(1) == ["mary moved to the bathroom .", "mary went to the garden ."]
    assert data.finish(batch) is batch and batch.description == "questions on stories"


def test_a_long_story_loses_its_beginning(tmp_path: Path):
    data = babi(tmp_path, max_length=6)
    assert data.cut == 2 and data.tokenisers["source"].text(data[1].story.tolist()) == "mary went to the garden ."
    assert len(data[2].story) == 5


def test_the_vocabulary_is_that_of_training(tmp_path: Path):
    data = babi(tmp_path)
    (tmp_path / "en-valid/qa1_test.txt").write_text("1 Zoe slept.\n2 Where is Zoe?\tgarden\t1\n")
    test = opened_option("babi", "test", root=str(tmp_path), dataset__tasks=[1])
    assert test.tokenisers["source"].state() == data.tokenisers["source"].state() and test[0].story.tolist()[:2] == [1, 1]


test_bad_files_are_one_line = refusals(
    ("", "qa1_train.txt is empty"),
    ("Mary moved.", "qa1_train.txt:1: 'Mary moved.' is neither a sentence nor a question"),
    ("1 A b.\n2 Where?\tgarden", "qa1_train.txt:2: .* is neither a sentence nor a question"),
    ("1 A b.\n2 Where?\tgraden\t1", "the label 'graden' is not in class_names; did you mean 'garden'"),
    ("1 A b.\n2 Where?\tgarden\t7", "qa1_train.txt:2: the supporting sentence 7 was not told before"),
    ("1 Where?\tgarden\t1", "qa1_train.txt:1: a question without a story"),
    ("1 A b.\n2 Where?\t\t1", "the label is missing"),
    ({"dataset__tasks": []}, r"tasks=\[\] must be a list of 1 or more"),
    ({"dataset__tasks": [1, 21]}, "tasks.1=21 must be a whole number between 1 and 20"),
    ({"root": "/nowhere"}, "the folder /nowhere is missing; root should hold en-valid/qa1_train.txt"),
    of=babi,
    fixtures=["tmp_path"],
)


def test_real_stories(real_data: Path):
    options = {"root": str(real_data / FOLDERS["babi"]), "dataset__tasks": [1, 17, 18, 19, 20]}
    sizes = {split: len(opened_option("babi", split, **options)) for split in ("train", "val", "test")}
    assert sizes == {"train": 900 + 904 + 905 + 900 + 904, "val": 100 + 96 + 95 + 100 + 96, "test": 5000}
    whole = opened_option("babi", "test", root=options["root"], dataset__tasks=[3, 8])
    assert whole.stories[0].task == 3 and all(whole.supporting(i) for i in range(0, 2000, 100))
