"""The command line: Hydra composes, a user's mistake becomes one line, torch is imported last."""

import functools
import itertools
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from traceback import walk_tb
from typing import Any, NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ablate.cli.check import TEXTS, check_complete, check_settings, text_stays_text
from ablate.cli.compose import explain_override
from ablate.cli.fit import explained
from ablate.console import script
from ablate.errors import BadInput, user_line
from ablate.files import CONF
from ablate.run import folder as run_folder
from ablate.run.provenance import COMMAND, typed_command
from ablate.run.sweep import failed_in_sweep

ITEM = re.compile(r"""\s*'(?:\\.|[^'\\])*'\s*|\s*"(?:\\.|[^"\\])*"\s*|[^,]+""")  # of a list on the command line
PLUGINS = {  # of Hydra, that are not installed with the rest
    "hydra/launcher=submitit": "hydra-submitit-launcher==1.2.0",
    "hydra/launcher=ray": "hydra-ray-launcher==1.2.2",
    "hydra/sweeper=optuna": "hydra-optuna-sweeper==1.3.0",
    "hparams_search=": "hydra-optuna-sweeper==1.3.0",
}


def command(
    config_name: str, arguments: Callable[[list[str]], list[str]] = list, texts: Sequence[str] = ()
) -> Callable[[Callable[[DictConfig], Any]], Callable[[], Any]]:
    """Make `task(cfg)` a command line composed from conf/`config_name`.yaml.

    Exit status: 0 when all went well, 1 after a mistake or a failed run, 143 after SIGTERM, and those of `script`.

    Args:
        arguments: may change the words of the command line before Hydra reads them.
        texts: keys whose values are text, whatever they look like.
    """

    def decorate(task: Callable[[DictConfig], Any]) -> Callable[[], Any]:
        @script
        @functools.wraps(task)
        def run() -> Any:
            os.environ["HYDRA_FULL_ERROR"] = "1"  # the exception itself, instead of Hydra's print of it
            os.environ[COMMAND] = typed_command()
            warnings.filterwarnings(
                "ignore", r"\s*'hydra/launcher/.*is validated against ConfigStore schema"
            )  # as our launchers are meant to be
            logging.raiseExceptions = False  # a log that cannot be written prints no traceback; a full disk is said below
            try:
                sweeps = bool({"-m", "--multirun", "hydra.mode=MULTIRUN"} & {*sys.argv})
                given = sorted(sys.argv[1:], key=lambda word: word not in ("-m", "--multirun"))  # argparse takes -m first only
                check_flags(given)
                sys.argv[1:] = words = arguments([quoted(word, texts, sweeps) for word in given])
                check_plugins(words)
                main = hydra.main(version_base="1.3", config_path=str(CONF), config_name=config_name)
                return main(_job(task, config_name))()
            except BrokenPipeError:  # of --help
                raise
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
            check_complete(cfg, config_name)
            text_stays_text(cfg)
            check_settings(cfg, config_name)
            return task(cfg)
        except Exception as raised:
            error = explained(raised, HydraConfig.get().runtime.choices, HydraConfig.get().overrides.task)
            folder = HydraConfig.get().runtime.output_dir
            if run_folder.is_ours(folder):
                with suppress(OSError):  # where the disk is full
                    run_folder.fail(folder, user_line(error) or repr(error))
            if HydraConfig.get().mode is RunMode.MULTIRUN:
                raise error from raised
            explain(error, config_name)
            sys.exit(1)

    return job


def quoted(word: str, texts: Sequence[str] = (), sweeps: bool = False) -> str:
    """An override whose value Hydra's grammar does not take, or takes for no text where it is one, with that value in quotes.

    Args:
        texts: keys whose value is text whatever it looks like, quotes included.
        sweeps: a comma separates values to sweep.
    """
    key, equals, value = word.partition("=")
    if not equals or word.startswith("-"):
        return word
    if key in texts:
        return f"{key}={as_text(value)}"
    parsed = _parsed(word)
    if key in TEXTS:
        return word if parsed is not None and _is_text(parsed, sweeps) else f"{key}={in_quotes(value)}"
    if parsed is None:
        items = f"{key}={_quoted_items(value)}"
        return items if _parsed(items) is not None else f"{key}={in_quotes(value)}"
    return word


def _is_text(override: Override, sweeps: bool) -> bool:
    """Whether Hydra takes the value of an override for text, or null, or for several values where those are swept."""
    if override.is_sweep_override():
        return sweeps
    return override.value() is None or isinstance(override.value(), str)


@functools.lru_cache(maxsize=10_000)  # the runs of an ablation repeat theirs
def _parsed(word: str) -> Override | None:
    """What Hydra reads in an override; None where its grammar does not take it."""
    try:
        return OverridesParser.create().parse_override(word)
    except HydraException:
        return None


def _quoted_items(value: str) -> str:
    """A list such as `[Straße,traffic light]` whose items Hydra's grammar does not take, with these in quotes."""
    if not (value.startswith("[") and value.endswith("]")):
        return value
    items = [item.strip() for item in ITEM.findall(value[1:-1])]
    return f"[{','.join(item if _parsed(f'x={item}') is not None else in_quotes(item) for item in items)}]"


def as_text(value: str) -> str:
    """The value quoted for Hydra, so that commas, brackets, quotes, numbers and `${` in it are plain text."""
    return in_quotes(re.sub(r"(\\*)\$\{", r"\1\1\\${", value))  # for OmegaConf, which would interpolate


def in_quotes(value: str) -> str:
    """The value in quotes of Hydra's, in which only a quote, and a backslash before one, need a backslash."""
    return "'{}'".format(re.sub(r"(\\*)('|\Z)", lambda match: match[1] * 2 + (match[2] and "\\'"), value))


def value_of(words: Sequence[str], key: str) -> str | None:
    """The value that a command line gives to a key, without quotes; None where it gives none."""
    given = [word for word in words if word.startswith(f"{key}=")]
    return str(OverridesParser.create().parse_override(given[-1]).value()) if given else None


def check_flags(words: Sequence[str]) -> None:
    """Raise BadInput for options with a dash that Hydra does not take, which it would answer with its usage."""

    def refuse(message: str) -> NoReturn:
        raise BadInput(f"{message}; --hydra-help lists what begins with a dash")

    parser = get_args_parser()
    parser.error = refuse
    parser.parse_args(words)


def check_plugins(words: Sequence[str]) -> None:
    """Raise BadInput for a launcher or a sweeper whose package is not installed, and for one that is not told what is better."""
    for word, (choice, package) in itertools.product(words, PLUGINS.items()):
        if word.startswith(choice) and find_spec(f"hydra_plugins.{package.split('==')[0].replace('-', '_')}") is None:
            raise BadInput(f"{word} needs a package that is not installed: pip install {package}")
    if "hydra/sweeper=optuna" in words and not any(word.startswith("hydra.sweeper.direction=") for word in words):
        raise BadInput("hydra/sweeper=optuna needs hydra.sweeper.direction=maximize or minimize (hparams_search=NAME says which)")


def explain(error: Exception, config_name: str) -> None:
    """Print one line for a user's mistake, the traceback for any other error, and the failed runs of a sweep."""
    line = user_line(error) or config_line(error, config_name)
    if line is None:
        sys.excepthook(type(error), error, error.__traceback__)
    failed = failed_in_sweep()
    if line is not None and not failed:
        print(f"error: {line}", file=sys.stderr)
    for name, reason in failed.items():
        print(f"failed: {name}: {reason}", file=sys.stderr)


def config_line(error: Exception, config_name: str) -> str | None:
    """One line for an override that Hydra or OmegaConf refused, or for a config file that is none; None for other errors."""
    if "Config group override must be" in str(error):  # a ValueError of Hydra's
        words = ", ".join(word for word in sys.argv[1:] if _is_no_option(word))
        return f"a config group takes the name of an option ({words}): leave the word out, or name one (--help lists them)"
    if isinstance(error, HydraException | OmegaConfBaseException) and not isinstance(error, InstantiationException):
        return explain_override(error, config_name, sys.argv[1:])
    if not isinstance(error, YAMLError | ValueError | OSError) or _raised_by(error) not in ("hydra", "omegaconf", "yaml", "codecs"):
        return None
    path = "" if isinstance(error, YAMLError) else next(_no_configs(sys.argv[1:]), "")  # which YAML's errors name
    return " ".join(f"{path}{error}".split())


def _is_no_option(word: str) -> bool:
    """Whether a word has a value that cannot be the name of an option, as null."""
    parsed = _parsed(word)
    return parsed is not None and not parsed.is_sweep_override() and not isinstance(parsed.value(), str | list)


def _raised_by(error: Exception) -> str:
    """The library, or package, in which an error was raised."""
    *_, (frame, _) = walk_tb(error.__traceback__)
    return frame.f_globals["__name__"].partition(".")[0]


def _no_configs(words: Sequence[str]) -> Iterator[str]:
    """Config files in the folders of a command line (--config-dir) that cannot be read."""
    folders = [Path(word.rpartition("=")[2]) for word in words]
    for path in (path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*.yaml"))):
        try:
            OmegaConf.load(path)
        except Exception:
            yield f"{path}: "
