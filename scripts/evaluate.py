"""The test metrics of a checkpoint again, on its own data or on others: python scripts/evaluate.py --help."""

from omegaconf import DictConfig

from ablate.cli import command
from ablate.errors import BadInput


def as_trained(arguments: list[str]) -> list[str]:
    """Put the overrides of the checkpoint's run before the user's own; a group chosen anew starts from its defaults."""
    from ablate.inference import overrides_of

    if fixed := [word for word in arguments if _key(word).split(".")[0].split("/")[0] == "model"]:
        raise BadInput(f"{fixed[0]}: the network is the checkpoint's own; leave the word out")
    path = next((word.removeprefix("checkpoint=").strip("'") for word in arguments if word.startswith("checkpoint=")), None)
    given = {_key(word) for word in arguments}
    kept = [word for word in (overrides_of(path) if path else []) if not _replaced(_key(word), given)]
    return [*kept, *arguments]


def _key(override: str) -> str:
    return override.lstrip("+~").split("=")[0]


def _replaced(key: str, given: set[str]) -> bool:
    return key in given or key.split(".")[0] in given


@command("evaluate", arguments=as_trained)
def main(cfg: DictConfig) -> None:
    from ablate.inference import evaluate

    evaluate(cfg)


if __name__ == "__main__":
    main()
