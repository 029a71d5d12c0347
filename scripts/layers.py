"""The layers of a segmenter: kernels, sizes, parameters, multiply-adds, receptive fields: python scripts/layers.py model=fcn8s"""

from omegaconf import DictConfig

from ablate.cli.command import command


@command("layers")
def main(cfg: DictConfig) -> None:
    """Print the table."""
    from ablate.command.layers import print_layers

    print_layers(cfg)


if __name__ == "__main__":
    main()
