"""One home per module for tests that only add to it: each brings customers of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import homes, postgres
from tests.vault.hands import homes_point


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shop_home(
    request: pytest.FixtureRequest, template_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[homes.World]:
    if request.param == "postgres":
        try:
            postgres.server()
        except postgres.Missing as why:
            pytest.skip(str(why))
    template = homes.template(template_base, request.param)
    with homes.opened(template, tmp_path_factory.mktemp("shop")) as made:
        yield made
        homes_point(made)


@pytest.fixture
def shop(shop_home: homes.World) -> homes.World:
    """An open house that the other tests of the module use as well; nobody changes its policy or its people."""
    homes_point(shop_home)
    return shop_home
