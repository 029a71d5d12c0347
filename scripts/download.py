"""Fetch a data set: python scripts/download.py camvid|voc2012 [--root DIR] [--url URL]"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ablate.command.download import SOURCES, download
from ablate.console import script
from ablate.errors import BadInput, check_choice


@script
def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch a data set; a stopped download goes on where it was.")
    parser.add_argument("name", metavar="|".join(SOURCES), help="which data set")
    parser.add_argument("--root", type=Path, default=Path("data"), help="the folder it goes into (data)")
    parser.add_argument("--url", help="another place that has the same archive")
    parser.add_argument("--checksum", help="of the archive, as md5:… or sha256:…, if you know that it has become another one")
    arguments = parser.parse_args()
    try:
        source = SOURCES[check_choice("data set", arguments.name, SOURCES)]
        url, checksum = arguments.url or source.url, arguments.checksum or source.checksum
        download(replace(source, url=url, checksum=checksum), arguments.root)
    except (BadInput, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped: the same command continues", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
