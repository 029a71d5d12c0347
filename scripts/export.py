"""A segmenter without this project: folded, compared, timed, as a file for torch or ONNX: python scripts/export.py --help."""

from omegaconf import DictConfig

from ablate.cli.command import command


@command("export", texts=["checkpoint", "output"])
def main(cfg: DictConfig) -> None:
    from ablate.command.export.export import export

    export(cfg)


if __name__ == "__main__":
    main()
