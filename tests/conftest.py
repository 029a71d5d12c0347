"""Shape annotations are checked in every test; real data come from the folder in ABLATE_DATA."""

import os
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

install_import_hook("ablate", "typecheck.checked")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data sets; a test that asks for it is skipped where there is none."""
    if "ABLATE_DATA" not in os.environ:
        pytest.skip("ABLATE_DATA does not name a folder with the real data sets")
    return Path(os.environ["ABLATE_DATA"])
