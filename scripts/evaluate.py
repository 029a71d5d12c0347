"""The test metrics of a checkpoint again, on its own data or on others: python scripts/evaluate.py --help."""

from omegaconf import DictConfig

from ablate.cli import command


def as_trained(arguments: list[str]) -> list[str]:
    """Put the overrides of the checkpoint's run before the user's own."""
    from ablate.inference import overrides_of

    path = next((a.removeprefix("checkpoint=") for a in arguments if a.startswith("checkpoint=")), None)
    given = {a.lstrip("+~").split("=")[0] for a in arguments}
    kept = [o for o in (overrides_of(path) if path else []) if o.lstrip("+~").split("=")[0] not in given]
    return [*kept, *arguments]


@command("evaluate", arguments=as_trained)
def main(cfg: DictConfig) -> None:
    from ablate.inference import evaluate

    evaluate(cfg)


if __name__ == "__main__":
    main()
