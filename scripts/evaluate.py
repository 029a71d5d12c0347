"""The test metrics of a checkpoint again, on its own data or on others: python scripts/evaluate.py --help."""

from omegaconf import DictConfig

from ablate.cli.command import command


def as_trained(words: list[str]) -> list[str]:
    """The words of the command line after the overrides of the checkpoint's run."""
    from ablate.command.evaluate import with_overrides_of_run

    return with_overrides_of_run(words)


@command("evaluate", arguments=as_trained, texts=["checkpoint"])
def main(cfg: DictConfig) -> None:
    """Test the checkpoint."""
    from ablate.command.evaluate import evaluate

    evaluate(cfg)


if __name__ == "__main__":
    main()
