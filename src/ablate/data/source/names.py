"""Family names and the language they come from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Annotated, Literal
from unicodedata import normalize

from ablate.data.split import Split, hash_fraction, select_split
from ablate.data.text.file import find_path, read_filled_lines
from ablate.data.text.labelled import Example
from ablate.errors import BadInput
from ablate.schema.options import SOME, Positive, checked

Language = Literal[
    "Croatian", "Dutch", "English", "Estonian", "Finnish", "French", "German",
    "Irish", "Italian", "Polish", "Slovak", "Spanish", "Swedish", "Zulu",
]  # fmt: skip
LISTS: dict[Language, tuple[str, ...]] = {  # lists of faker.providers.person that hold its family names
    "Croatian": ("hr_HR.last_names",),
    "Dutch": ("nl_NL.last_names",),
    "English": ("en_GB.last_names", "en_NZ.last_names"),
    "Estonian": ("et_EE.last_names_est",),
    "Finnish": ("fi_FI.last_names",),
    "French": ("fr_FR.last_names", "fr_CA.last_names"),
    "German": ("de_DE.last_names", "de_AT.last_names"),
    "Irish": ("ga_IE.last_names",),
    "Italian": ("it_IT.last_names",),
    "Polish": ("pl_PL.unisex_last_names", "pl_PL.male_last_names"),
    "Slovak": ("sk_SK.last_names",),
    "Spanish": ("es_ES.last_names",),
    "Swedish": ("sv_SE.last_names",),
    "Zulu": ("zu_ZA.last_names",),
}
EXPECTED = (
    "`root` should hold data/names/LANGUAGE.txt with one name a line, as data.zip of PyTorch's tutorial on "
    "classifying names does, unpacked"
)


@checked
def faker_names(split: Split, *, languages: Annotated[Sequence[Language], SOME], most: Positive) -> list[Example]:
    """Names from the lists that the package Faker ships, at most `most` of each language: those of least hash.

    A name that several of the fourteen languages have is left out, whatever `languages` says; capitals and small letters do not
    count. 80, 10 and 10 % of the names, by the hash of each.
    """
    examples = []
    for language in languages:
        examples += _faker_lists()[language][:most]
    return _select_names(examples, split)


def names_in_folder(split: Split, *, root: str | None, drop_shared: bool) -> list[Example]:
    """Names from the files data/names/LANGUAGE.txt under `root`, one a line. 80, 10 and 10 % of them, by the hash of each.

    A language has each name once; capitals and small letters do not count. A name of two languages is in one split.

    Source: Robertson, practical-pytorch, char-rnn-classification; 18 languages.

    Args:
        drop_shared: leave out names that several languages have, nearly all Scottish names among them.

    Raises:
        BadInput: a missing folder, a folder without .txt files, an empty file or line.
    """
    folder = find_path(root, "data/names", EXPECTED)
    paths = sorted(folder.glob("[!.]*.txt"))  # none of the hidden ones that macOS leaves beside them
    if not paths:
        raise BadInput(f"{folder} holds no .txt file; {EXPECTED}")
    examples = [Example(line, path.stem, location) for path in paths for location, line in read_filled_lines(path)]
    return _select_names([each for names in _by_language(examples, drop_shared).values() for each in names], split)


def _select_names(examples: Sequence[Example], split: Split) -> list[Example]:
    return select_split(examples, split, key=lambda example: example.text.lower())


def _by_language(examples: Iterable[Example], drop_shared: bool) -> dict[str, list[Example]]:
    """The names of each language in Unicode normal form C, each once; with `drop_shared`, without those of several languages."""
    names: dict[str, dict[str, Example]] = {}
    for example in examples:
        name = normalize("NFC", example.text)
        names.setdefault(str(example.label), {}).setdefault(name.lower(), example._replace(text=name))
    counts = Counter(low for own in names.values() for low in own)
    kept = {language: own.items() for language, own in names.items()}
    return {language: [each for low, each in own if not drop_shared or counts[low] == 1] for language, own in kept.items()}


@cache
def _faker_lists() -> dict[str, list[Example]]:
    """Each language's own names, ordered by a hash.

    It is not the hash that decides on the split, or a limit on the number of names would empty the later splits. Each provider's
    module is imported alone, because `Faker()` takes a second to import all.
    """
    examples = []
    for language, lists in LISTS.items():
        for locale, attribute in (name.split(".") for name in lists):
            provider = import_module(f"faker.providers.person.{locale}").Provider
            examples += [Example(name, language) for name in getattr(provider, attribute)]
    order = lambda example: hash_fraction(f"order {example.text.lower()}")  # noqa: E731
    return {language: sorted(own, key=order) for language, own in _by_language(examples, drop_shared=True).items()}
