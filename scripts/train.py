"""Train one network, or with -m a sweep of them: python scripts/train.py --help."""

from omegaconf import DictConfig

from ablate.cli.command import command


@command("train")
def main(cfg: DictConfig) -> float | None:
    from ablate.run.train import train  # torch and lightning only now that the config is known to be good

    return train(cfg)


if __name__ == "__main__":
    main()
