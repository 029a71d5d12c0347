"""Run an ablation, judge its claims, write its report: python scripts/reproduce.py ablation=NAME budget=quick.

Words that are about training, such as data.root=FOLDER or trainer=gpu, go to every run; of those that an ablation prepares, only
what is about the trainer.
"""

from omegaconf import DictConfig

from ablate.cli.command import command, in_quotes
from ablate.files import CONF


def for_the_runs(arguments: list[str]) -> list[str]:
    """Gather the overrides of conf/train.yaml, which have a dot, a slash or the name of a group, into overrides=[…]."""
    own, theirs = [], []
    for word in arguments:
        key, equals, _ = word.lstrip("+~").partition("=")
        mine = not equals or key.startswith("-") or key.split(".")[0].split("/")[0] in ("hydra", "ablation")
        training = "." in key or "/" in key or (CONF / key).is_dir()
        (theirs if training and not mine else own).append(word)
    return [*own, f"overrides=[{','.join(map(in_quotes, theirs))}]"] if theirs else own


@command("reproduce", for_the_runs)
def main(cfg: DictConfig) -> None:
    from ablate.ablation.reproduce import reproduce

    reproduce(cfg)


if __name__ == "__main__":
    main()
