"""The shared home of a module, as in the tests of the vault."""

from tests.vault.conftest import shop, shop_home

__all__ = ["shop", "shop_home"]
