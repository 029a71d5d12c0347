"""Long reviews of films, for or against: the Large Movie Review Dataset."""

import re

from ablate.data.split import select
from ablate.data.text.file import find, read_text
from ablate.data.text.labelled import Example
from ablate.errors import BadInput

EXPECTED = (
    "`root` should hold train/pos, train/neg, test/pos and test/neg with one review a .txt file, which "
    "aclImdb_v1.tar.gz of https://ai.stanford.edu/~amaas/data/sentiment unpacks to"
)
TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def imdb(split: str, *, root: str | None) -> list[Example]:
    """25,000 reviews for training, of which a tenth, by its hash, is val, and 25,000 for the test; half of them for.

    Line breaks (<br />) become spaces; punctuation marks become words of their own.

    Source: Maas et al., Learning word vectors for sentiment analysis, ACL 2011, section 4.3.
    """
    examples = []
    for label, name in (("negative", "neg"), ("positive", "pos")):
        folder = find(root, f"{'test' if split == 'test' else 'train'}/{name}", EXPECTED)
        paths = sorted(folder.glob("*.txt"))
        if not paths:
            raise BadInput(f"{folder} holds no .txt file; {EXPECTED}")
        examples += [Example(words_of(read_text(path)), label, str(path)) for path in paths]
    return examples if split == "test" else select(examples, split, {"train": 0.9, "val": 0.1})


def words_of(review: str) -> str:
    """`Don't!<br />` -> `Don't !`"""
    return " ".join(TOKEN.findall(review.replace("<br />", " ")))
