"""Sentence polarity v1.0: sentences of film reviews, negative or positive."""

from ablate.data.split import Split, select_split
from ablate.data.text.file import find_path, read_filled_lines
from ablate.data.text.labelled import Example

EXPECTED = (
    "`root` should hold rt-polaritydata/rt-polarity.pos and .neg with one sentence a line, which "
    "rt-polaritydata.tar.gz of https://www.cs.cornell.edu/people/pabo/movie-review-data unpacks to"
)


def rt_polarity(split: Split, *, root: str | None, encoding: str) -> list[Example]:
    """5,331 negative and 5,331 positive sentences. There is no official split: 80, 10 and 10 %, by the hash of each.

    Source: Pang and Lee, Seeing stars, ACL 2005, section 2; published figures are of ten-fold cross-validation.

    Args:
        encoding: iso-8859-1 for the files as published.

    Raises:
        BadInput: a missing file, another encoding, an empty line.
    """
    examples = []
    for label, name in (("negative", "rt-polarity.neg"), ("positive", "rt-polarity.pos")):
        path = find_path(root, f"rt-polaritydata/{name}", EXPECTED)
        examples += [Example(line, label, location) for location, line in read_filled_lines(path, encoding)]
    return select_split(examples, split)
