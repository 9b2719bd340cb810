"""The one thing that may be interpolated into SQL text: a list of parameter marks."""


def marks(count: int, each: str = "%s") -> str:
    """Write `count` parameter marks, comma-separated; values still travel as parameters.

    Args:
        count: at least 1; an empty list is the caller's special case.
        each: one mark, or one row of marks such as `(%s, %s)`.

    """
    if count < 1 or each.strip("(%s, )"):
        raise ValueError("marks are made of %s, and there is at least one")
    return ",".join([each] * count)
