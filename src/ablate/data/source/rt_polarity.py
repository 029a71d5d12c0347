"""Sentences of film reviews, for or against: sentence polarity v1.0."""

from ablate.data.split import select
from ablate.data.text.file import find, lines
from ablate.data.text.labelled import Example

EXPECTED = (
    "`root` should hold rt-polaritydata/rt-polarity.pos and .neg with one sentence a line, which "
    "rt-polaritydata.tar.gz of https://www.cs.cornell.edu/people/pabo/movie-review-data unpacks to"
)


def rt_polarity(split: str, *, root: str | None, encoding: str) -> list[Example]:
    """5,331 sentences against and as many for a film. There is no official split: 80, 10 and 10 %, by their hash.

    Source: Pang and Lee, Seeing stars, ACL 2005, section 2; published figures are of ten-fold cross-validation.
    """
    examples = []
    for label, name in (("negative", "rt-polarity.neg"), ("positive", "rt-polarity.pos")):
        path = find(root, f"rt-polaritydata/{name}", EXPECTED)
        examples += [Example(line, label, place) for place, line in lines(path, encoding)]
    return select(examples, split)
