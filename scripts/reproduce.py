"""Run an ablation, judge its claims, write its report: python scripts/reproduce.py ablation=NAME budget=quick."""

from omegaconf import DictConfig

from ablate.cli import command


@command("reproduce")
def main(cfg: DictConfig) -> None:
    from ablate.ablation.reproduce import reproduce

    reproduce(cfg)


if __name__ == "__main__":
    main()
