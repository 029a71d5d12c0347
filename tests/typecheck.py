"""How annotations are checked in tests: as Python's own numbers go, an int is a float."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
