def test_it(world):
    print(world.bob.may)
    assert world.house
