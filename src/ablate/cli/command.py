"""The command line: Hydra composes, a user's mistake becomes one line, torch is imported last."""

import functools
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from ablate.cli.check import check_settings
from ablate.cli.compose import explain_override
from ablate.cli.fit import explained
from ablate.errors import BadInput, user_line
from ablate.files import CONF
from ablate.run import folder as run_folder
from ablate.run.provenance import COMMAND, typed_command

LAUNCHER_PACKAGES = {"submitit": "hydra-submitit-launcher==1.2.0", "ray": "hydra-ray-launcher==1.2.2"}


def command(
    config_name: str, arguments: Callable[[list[str]], list[str]] = list, texts: Sequence[str] = ()
) -> Callable[[Callable[[DictConfig], Any]], Callable[[], Any]]:
    """Make `task(cfg)` a command line composed from conf/`config_name`.yaml.

    Exit status: 0 when all went well, 1 after a mistake or a failed run, 130 after Ctrl-C, 143 after SIGTERM.

    Args:
        arguments: may change the words of the command line before Hydra reads them.
        texts: keys whose values are text, whatever they look like.
    """

    def decorate(task: Callable[[DictConfig], Any]) -> Callable[[], Any]:
        @functools.wraps(task)
        def run() -> Any:
            os.environ["HYDRA_FULL_ERROR"] = "1"  # the exception itself, instead of Hydra's print of it
            os.environ[COMMAND] = typed_command()
            try:
                words = arguments([quoted(word, texts) for word in sys.argv[1:]])
                check_launcher(words)
                sys.argv[1:] = sorted(words, key=lambda word: word not in ("-m", "--multirun"))  # argparse takes -m first only
                main = hydra.main(version_base="1.3", config_path=str(CONF), config_name=config_name)
                return main(_job(task, config_name))()
            except KeyboardInterrupt:
                sys.exit(130)
            except BrokenPipeError:  # head, or another reader of the help, has read enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains once more when it ends
                sys.exit(1)
            except Exception as error:
                explain(error, config_name)
                sys.exit(1)

        return run

    return decorate


def _job(task: Callable[[DictConfig], Any], config_name: str) -> Callable[[DictConfig], Any]:
    """`task` with its settings checked, whose failure is written into the run's folder and explained."""

    @functools.wraps(task)
    def job(cfg: DictConfig) -> Any:
        try:
            check_settings(cfg)
            return task(cfg)
        except Exception as raised:
            error = explained(raised, HydraConfig.get().runtime.choices)
            with suppress(OSError):  # where the disk is full
                run_folder.fail(HydraConfig.get().runtime.output_dir, user_line(error) or repr(error))
            if HydraConfig.get().mode is RunMode.MULTIRUN:
                raise error from raised
            explain(error, config_name)
            sys.exit(1)

    return job


def quoted(word: str, texts: Sequence[str] = ()) -> str:
    """An override whose value Hydra's grammar does not take, such as a path with `=`, with that value in quotes."""
    key, equals, value = word.partition("=")
    if equals and key in texts:
        return f"{key}={as_text(value)}"
    try:
        OverridesParser.create().parse_override(word)
    except HydraException:
        if equals and not word.startswith("-") and "'" not in value:
            return f"{key}='{value}'"
    return word


def as_text(value: str) -> str:
    """The value quoted for Hydra, so that commas, brackets, quotes, numbers and `${` in it are plain text."""
    plain = re.sub(r"(\\*)\$\{", r"\1\1\\${", value)  # for OmegaConf, which would interpolate
    return "'{}'".format(re.sub(r"(\\*)('|\Z)", lambda match: match[1] * 2 + (match[2] and "\\'"), plain))


def value_of(words: Sequence[str], key: str) -> str | None:
    """The value that a command line gives to a key, without quotes; None where it gives none."""
    given = [word for word in words if word.startswith(f"{key}=")]
    return str(OverridesParser.create().parse_override(given[-1]).value()) if given else None


def check_launcher(words: Sequence[str]) -> None:
    """Raise BadInput for a launcher whose package is not installed."""
    for name in (word.removeprefix("hydra/launcher=") for word in words if word.startswith("hydra/launcher=")):
        package = LAUNCHER_PACKAGES.get(name.split("_")[0])
        if package and find_spec(f"hydra_plugins.{package.split('==')[0].replace('-', '_')}") is None:
            raise BadInput(f"hydra/launcher={name} needs a package that is not installed: pip install {package}")


def explain(error: Exception, config_name: str) -> None:
    """Print one line for a user's mistake, the traceback for any other error, and the failed runs of a sweep."""
    line = user_line(error) or config_line(error, config_name)
    if line is None:
        sys.excepthook(type(error), error, error.__traceback__)
    failed = run_folder.failed_in_sweep()
    if line is not None and not failed:
        print(f"error: {line}", file=sys.stderr)
    for name, reason in failed.items():
        print(f"failed: {name}: {reason}", file=sys.stderr)


def config_line(error: Exception, config_name: str) -> str | None:
    """One line with the nearest key, group or option for an override that Hydra or OmegaConf refused; None for other errors."""
    if "Config group override must be" in str(error):  # a ValueError of Hydra's
        nulls = ", ".join(word for word in sys.argv[1:] if word.endswith("=null"))
        return f"a config group cannot be null ({nulls}): leave the word out, or name an option (--help lists them)"
    if isinstance(error, InstantiationException) or not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    return explain_override(error, config_name, sys.argv[1:])
