"""The capability without which no transaction can be made; import-linter lets only `house` and `kernel.tx` in."""

from typing import Final, NoReturn


class Grip:
    """One object of this class exists; copies and further ones are refused."""

    _made = False

    def __init__(self) -> None:
        if Grip._made:
            raise TypeError("there is one grip")
        Grip._made = True

    def __reduce__(self) -> NoReturn:
        raise TypeError("the grip is not copied")


GRIP: Final = Grip()
