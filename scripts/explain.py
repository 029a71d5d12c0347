"""Which pixels, or which words, a trained network's answer comes from: python scripts/explain.py --help."""

from omegaconf import DictConfig

from ablate.cli.command import command


@command("explain", texts=["checkpoint", "input", "output", "question", "target"])
def main(cfg: DictConfig) -> None:
    from ablate.command.explain.explain import explain

    explain(cfg)


if __name__ == "__main__":
    main()
