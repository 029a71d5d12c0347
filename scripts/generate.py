"""Texts or pictures of a trained network's own: python scripts/generate.py checkpoint=RUN/checkpoints/best.ckpt.

Of a language model, prefix=TEXT is what texts begin with; of a network that draws, count=64 is how many pictures.
"""

from omegaconf import DictConfig

from ablate.cli.command import command


@command("generate", texts=["checkpoint", "prefix", "output"])
def main(cfg: DictConfig) -> None:
    from ablate.command.generate.generate import generate

    generate(cfg)


if __name__ == "__main__":
    main()
