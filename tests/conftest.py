"""One home per test, copied from a template; sockets stay closed but for unix ones."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["BAILEE_HOME"] = tempfile.mkdtemp(prefix="bailee-test-home-")
os.environ["DJANGO_SETTINGS_MODULE"] = "bailee.settings"
for _name in [name for name in os.environ if name.startswith("BAILEE_") and "__" in name]:
    del os.environ[_name]

import django  # noqa: E402 - it reads what was just set

django.setup()

from tests import homes, postgres  # noqa: E402 - Django must be set up first

pytest_plugins = ("tests.acceptance.plugin",)


@pytest.fixture(scope="session")
def template_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> str:
    """Each test that uses a world runs on both stores."""
    return str(request.param)


@pytest.fixture
def template(store: str, template_base: Path) -> homes.Template:
    if store == "postgres":
        try:
            postgres.server()
        except postgres.Missing as why:
            pytest.skip(str(why))
    return homes.template(template_base, store)


@pytest.fixture
def world(template: homes.Template, tmp_path: Path) -> Iterator[homes.World]:
    """An open house with Ann, Bob, Cat and Dora."""
    with homes.opened(template, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite_world(template_base: Path, tmp_path: Path) -> Iterator[homes.World]:
    """The same on SQLite only, for what is about its files."""
    with homes.opened(homes.template(template_base, "sqlite"), tmp_path) as made:
        yield made
