"""What is in data, and what does not fit, before anything is trained: python scripts/inspect_data.py data=NAME data.root=…"""

from omegaconf import DictConfig

from ablate.cli.command import command


@command("inspect_data", texts=["output"])
def main(cfg: DictConfig) -> None:
    """Inspect the data."""
    from ablate.command.inspect_data.inspect_data import inspect_data

    inspect_data(cfg)


if __name__ == "__main__":
    main()
