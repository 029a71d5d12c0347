"""The test metrics of a checkpoint again, on its own data or on others: python scripts/evaluate.py --help."""

import re

from omegaconf import DictConfig

from ablate.cli.command import command, value_of
from ablate.errors import BadInput


def as_trained(arguments: list[str]) -> list[str]:
    """Put the overrides of the checkpoint's run before the user's own; a group chosen anew starts from its defaults."""
    from ablate.run.load import is_search, overrides_of

    if fixed := [word for word in arguments if re.match(r"model\b", _key(word)) and not is_search(word)]:
        raise BadInput(f"{fixed[0]}: the network is the checkpoint's own; leave the word out (model/search alone may be chosen)")
    path, given = value_of(arguments, "checkpoint"), {_key(word) for word in arguments}
    kept = [word for word in (overrides_of(path) if path else []) if not _replaced(_key(word), given)]
    return [*kept, *arguments]


def _key(override: str) -> str:
    return override.lstrip("+~").split("=")[0]


def _replaced(key: str, given: set[str]) -> bool:
    """Whether a key is given anew, or a group that it belongs to: model/search for model.search.width."""
    parts = re.split("[./]", key)
    return key in given or any("/".join(parts[:n]) in given for n in range(1, len(parts)))


@command("evaluate", arguments=as_trained, texts=["checkpoint"])
def main(cfg: DictConfig) -> None:
    from ablate.run.load import evaluate

    evaluate(cfg)


if __name__ == "__main__":
    main()
