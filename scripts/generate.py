"""Text from a trained language model: python scripts/generate.py checkpoint=RUN/checkpoints/best.ckpt prefix=TEXT."""

from omegaconf import DictConfig

from ablate.cli.command import command


@command("generate", texts=["checkpoint", "prefix"])
def main(cfg: DictConfig) -> None:
    from ablate.command.generate import write_samples

    write_samples(cfg)


if __name__ == "__main__":
    main()
