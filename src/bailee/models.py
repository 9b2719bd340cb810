"""Imports every area's tables, which registers them with Django; holds none itself."""

from bailee.access import tables as access_tables
from bailee.datamap import tables as datamap_tables
from bailee.discovery import tables as discovery_tables
from bailee.ledger import tables as ledger_tables
from bailee.vault import tables as vault_tables

__all__ = ["access_tables", "datamap_tables", "discovery_tables", "ledger_tables", "vault_tables"]
