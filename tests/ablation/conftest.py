"""A project whose runs take milliseconds."""

import pytest
from stub_project import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)
