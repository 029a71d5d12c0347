"""Masks and overlays for one picture or a folder of them: python scripts/predict.py --help."""

from omegaconf import DictConfig

from ablate.cli import command


@command("predict")
def main(cfg: DictConfig) -> None:
    from ablate.inference import predict

    predict(cfg)


if __name__ == "__main__":
    main()
