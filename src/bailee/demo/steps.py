"""The steps of the story of the invented company, in their order."""

from typing import Final

from bailee.demo import evidence, moving, reading

STEPS: Final = (*moving.STEPS, *reading.STEPS, *evidence.STEPS)
LIMITS: Final = evidence.LIMITS
