"""The Large Movie Review Dataset: long reviews of films, negative or positive."""

import re

from ablate.data.split import Split, select_split
from ablate.data.text.file import find_path, read_text
from ablate.data.text.labelled import Example
from ablate.errors import BadInput

EXPECTED = (
    "`root` should hold train/pos, train/neg, test/pos and test/neg with one review a .txt file, which "
    "aclImdb_v1.tar.gz of https://ai.stanford.edu/~amaas/data/sentiment unpacks to"
)
TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def imdb(split: Split, *, root: str | None) -> list[Example]:
    """25,000 reviews for training, of which a tenth is val, by the hash of each; 25,000 for the test; half are positive.

    Each review is a file, such as train/pos/0_9.txt. Line breaks (<br />) become spaces, and punctuation marks become words:
    `Don't!<br />` is read as `Don't !`.

    Source: Maas et al., Learning word vectors for sentiment analysis, ACL 2011, section 4.3.

    Raises:
        BadInput: a missing folder, or one without .txt files.
    """
    examples = []
    for label, name in (("negative", "neg"), ("positive", "pos")):
        folder = find_path(root, f"{'test' if split == 'test' else 'train'}/{name}", EXPECTED)
        paths = sorted(folder.glob("[!.]*.txt"))  # none of the hidden ones that macOS leaves beside them
        if not paths:
            raise BadInput(f"{folder} holds no .txt file; {EXPECTED}")
        for path in paths:
            words = TOKEN.findall(read_text(path).replace("<br />", " "))
            examples.append(Example(" ".join(words), label, str(path)))
    return examples if split == "test" else select_split(examples, split, {"train": 0.9, "val": 0.1})
