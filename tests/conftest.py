"""Shape annotations are checked in every test; real data come from the folder in ABLATE_DATA."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # commands run in copies of this process, and threads are not copied

import pytest
import torch
import typecheck  # noqa: F401  before ablate is imported

TRAINED = ("run", "runs", "segmenter")  # fixtures of a module: networks that are trained for all of its tests

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets; a test that asks for it is skipped where there is none."""
    if "ABLATE_DATA" not in os.environ:
        pytest.skip("ABLATE_DATA does not name a folder with the real data sets")
    return Path(os.environ["ABLATE_DATA"])


@pytest.fixture(scope="session")
def camvid(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every twentieth picture of CamVid."""
    source, folder = real_data / "camvid_half/CamVid", tmp_path_factory.mktemp("camvid")
    for split in ("train", "val", "test"):
        lines = (source / f"{split}.txt").read_text().splitlines()[::20]
        (folder / f"{split}.txt").write_text("\n".join(lines))
        for word in " ".join(lines).split():
            place = Path(*Path(word).parts[-2:])
            (folder / place).parent.mkdir(exist_ok=True)
            shutil.copy(source / place, folder / place)
    return folder


@pytest.fixture
def deterministic() -> Iterator[None]:
    """Torch refuses whatever is not deterministic."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))])
def deterministic_device(request: pytest.FixtureRequest, deterministic: None) -> str:
    """A device, while torch refuses whatever is not deterministic."""
    return request.param


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of real data or of a trained network are slow; what must run one after the other begins first, then what is slow.

    Those of a cluster run where `-m cluster` asks for them.
    """
    if "cluster" not in config.option.markexpr:
        items[:] = [item for item in items if item.get_closest_marker("cluster") is None]
    for item in items:
        if {"real_data", *TRAINED} & {*item.fixturenames}:
            item.add_marker("slow")
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("xdist_group", "slow")])


def pytest_collection_finish() -> None:
    """What is imported stays: no need to look at it again and again."""
    gc.freeze()
