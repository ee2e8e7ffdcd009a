import dataclasses

import pytest

from tests.networks import CONFIGS
from textrnn.config.architecture import Link
from textrnn.config.kinds import KINDS


def parts_of(config):
    return [part for column in config.architecture().columns for part in column]


def test_every_kind_says_what_it_is_made_of():
    assert {config.kind for config in CONFIGS.values()} == set(KINDS)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_every_weight_belongs_to_one_part(config):
    parts = parts_of(config)
    for name in config.weight_shapes():
        owners = [part.name for part in parts if part.weights and name.startswith(part.weights)]
        assert len(owners) == 1, f"{name} belongs to {owners}"
    for part in parts:
        for beginning in part.weights:
            assert any(name.startswith(beginning) for name in config.weight_shapes()), f"{beginning} has no weights"


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_links_join_parts_that_are_there(config):
    parts = parts_of(config)
    names = [part.name for part in parts]
    assert len(names) == len(set(names))
    known = {*names, *(part.group for part in parts)} - {""}
    links = config.architecture().links
    assert {end for link in links for end in (link.start, link.end)} <= known
    assert len(links) == len(set(links))
    reached = {link.end for link in links if not link.is_shared} | {link.start for link in links if not link.is_shared}
    assert set(names) <= reached


def test_a_link_says_that_it_is_an_arrow_unless_told():
    assert dataclasses.astuple(Link("a", "b")) == ("a", "b", (), False)
