"""Family names and the language they come from."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from unicodedata import normalize

from ablate.data.split import select, share
from ablate.data.text.file import find, lines
from ablate.data.text.labelled import Example
from ablate.errors import BadInput, check_choice, check_positive

LISTS = {  # language -> lists of faker.providers.person that hold its family names
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


def faker_names(split: str, *, languages: Sequence[str], most: int) -> list[Example]:
    """Names from the lists that the package Faker ships, at most `most` a language, those of least hash.

    A name that several of the fourteen languages have is left out, whatever `languages` says; capitals and small
    letters do not count. 80, 10 and 10 % of the names, by their hash.
    """
    check_positive("most", most)
    examples = []
    for language in languages:
        names = _lists()[check_choice("class_names", language, LISTS)]
        examples += [Example(name, language) for name in names[:most]]
    return _select(examples, split)


def names_in_folder(split: str, *, root: str | None, drop_shared: bool) -> list[Example]:
    """Names from the files data/names/LANGUAGE.txt under `root`, each once a language.

    With `drop_shared`, names that several languages have are left out, nearly all of Scottish among them. 80, 10 and
    10 % of the names, by their hash: a name of two languages is in one split.

    Source: Robertson, practical-pytorch, char-rnn-classification; 18 languages.
    """
    folder = find(root, "data/names", EXPECTED)
    names: dict[str, dict[str, Example]] = {}
    for path in sorted(folder.glob("*.txt")):
        names[path.stem] = {}
        for place, line in lines(path):
            name = normalize("NFC", line)
            names[path.stem].setdefault(name.lower(), Example(name, path.stem, place))
    if not names:
        raise BadInput(f"{folder} holds no .txt file; {EXPECTED}")
    shared = _shared(names) if drop_shared else set()
    return _select([e for of in names.values() for name, e in of.items() if name not in shared], split)


def _select(examples: Sequence[Example], split: str) -> list[Example]:
    chosen = select(((example.text.lower(), example) for example in examples), split)
    return [example for _, example in chosen]


def _share(name: str) -> float:
    """Another number than the one that decides about the split, or a cap would empty the later splits."""
    return share(f"order {name.lower()}")


@cache
def _lists() -> dict[str, list[str]]:
    """Every language's own names, by their hash. A provider's module alone: `Faker()` would take a second to load all."""
    names: dict[str, dict[str, str]] = {}
    for language, places in LISTS.items():
        names[language] = {}
        for locale, attribute in (place.split(".") for place in places):
            provider = import_module(f"faker.providers.person.{locale}").Provider
            for name in getattr(provider, attribute):
                names[language].setdefault(normalize("NFC", name).lower(), normalize("NFC", name))
    shared = _shared(names)
    own = {language: [name for low, name in of.items() if low not in shared] for language, of in names.items()}
    return {language: sorted(of, key=_share) for language, of in own.items()}


def _shared(names: dict[str, dict]) -> set[str]:
    """What more than one language has."""
    counts = Counter(name for of in names.values() for name in of)
    return {name for name, count in counts.items() if count > 1}
