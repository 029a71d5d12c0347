"""Text from a trained language model: python scripts/generate.py checkpoint=RUN/checkpoints/best.ckpt prefix=TEXT."""

from omegaconf import DictConfig

from ablate.cli import command


def in_quotes(arguments: list[str]) -> list[str]:
    """A prefix is text, whatever commas, brackets or numbers it has."""
    return [_in_quotes(word) if word.startswith("prefix=") and not word.startswith("prefix='") else word for word in arguments]


def _in_quotes(word: str) -> str:
    key, _, value = word.partition("=")
    return "{}='{}'".format(key, value.replace("'", "\\'"))


@command("generate", arguments=in_quotes)
def main(cfg: DictConfig) -> None:
    from ablate.generation import write_samples

    write_samples(cfg)


if __name__ == "__main__":
    main()
