"""Masks, captions or answers for pictures, translations or answers for texts: python scripts/predict.py --help."""

from omegaconf import DictConfig

from ablate.cli.command import command


@command("predict", texts=["checkpoint", "input", "output", "question"])
def main(cfg: DictConfig) -> None:
    from ablate.command.predict.predict import predict

    predict(cfg)


if __name__ == "__main__":
    main()
