import pytest
from tests.homes import World

from bailee.datamap import versions
from bailee.datamap.maps import MapInvalid
from bailee.kernel.errors import Denied, Stale

_LINE = 'message = { type = "text", may_name_others = true }\n'
_UNUSED = 'points = { type = "integer" }\n'


def _change(world: World, before: str, after: str) -> None:
    text = versions.source_text()
    assert before in text
    world.house.do(world.ann, versions.adopt, versions.Adopt(toml=text.replace(before, after), base_version=1))


def test_a_field_that_holds_records_is_not_removed(world: World) -> None:
    with pytest.raises(MapInvalid) as refused:
        _change(world, _LINE, "")
    assert {"M12"} == {problem.code for problem in refused.value.problems}


def test_a_field_without_records_may_go(world: World) -> None:
    _change(world, _UNUSED, "")
    assert versions.version() == 2


def test_numbers_are_never_reused(world: World) -> None:
    before = versions.number("field", "loyalty.points")
    _change(world, _UNUSED, 'stars = { type = "integer" }\n')
    assert before == versions.number("field", "loyalty.points")
    assert before != versions.number("field", "loyalty.stars")


def test_a_map_edited_from_an_older_one_is_refused(world: World) -> None:
    _change(world, _UNUSED, "")
    with pytest.raises(Stale):
        _change(world, _LINE, _LINE)


def test_a_clerk_adopts_no_map(world: World) -> None:
    with pytest.raises(Denied):
        world.house.do(world.bob, versions.adopt, versions.Adopt(toml=versions.source_text(), base_version=1))
    assert versions.version() == 1
