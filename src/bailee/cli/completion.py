"""`bailee completion`: the script that makes a shell complete commands; it never completes customers."""

from enum import StrEnum
from importlib import import_module
from typing import Annotated

import typer

from bailee.cli.opening import Run
from bailee.cli.verbs import single, verb

app = single()


class Shell(StrEnum):
    """Shells that can be taught."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


@verb(app, "completion")
def completion(run: Run, shell: Annotated[Shell, typer.Argument(help="Your shell.")]) -> None:
    """Print the completion script of a shell: put it where your shell looks for it.

    For bash: bailee completion bash > ~/.local/share/bash-completion/completions/bailee
    """
    made = import_module("typer._completion_shared").get_completion_script(
        prog_name="bailee", complete_var="_BAILEE_COMPLETE", shell=shell.value
    )
    if run.out.as_json:
        run.out.json({"shell": shell.value, "script": made})
    else:
        run.out.text(made)
