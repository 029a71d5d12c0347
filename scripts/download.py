"""Fetch a data set: python scripts/download.py camvid|voc2012 [--root DIR] [--url URL]; a stopped download goes on where it was."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ablate.cli.arguments import Arguments
from ablate.command.download import SOURCES, download
from ablate.console import script


@script
def main() -> None:
    parser = Arguments(__doc__)
    parser.argument("name", Literal[*SOURCES], metavar="|".join(SOURCES), help="which data set")
    parser.add_argument("--root", type=Path, default=Path("data"), help="the folder it goes into (data)")
    parser.add_argument("--url", help="another place that has the same archive")
    parser.add_argument("--checksum", help="of the archive, as md5:… or sha256:…, if you know that it has become another one")
    given = parser.read()
    source = SOURCES[given.name]
    try:
        download(replace(source, url=given.url or source.url, checksum=given.checksum or source.checksum), given.root)
    except KeyboardInterrupt:
        print("stopped: the same command continues", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
