"""The program ``stationplan``: commands, language and exit codes."""

from __future__ import annotations

import errno
import functools
import inspect
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_group

from stationplan.cli import batch, check, compare, demo, density, fetch, report, roads, run
from stationplan.cli import map as map_command
from stationplan.cli.failure import write_failure
from stationplan.cli.session import Session
from stationplan.cli.stopping import Terminated, exit_code, interruptible
from stationplan.cli.streams import prepare
from stationplan.cli.terminal import plain
from stationplan.errors import (
    DatabaseError,
    InfeasibleError,
    InputError,
    Message,
    OutputExistsError,
    ServiceError,
    UndecidedError,
    abridged,
    say,
)
from stationplan.text.catalogue import translate, translate_fault, words

if TYPE_CHECKING:
    from stationplan.domain import Language

# Slow imports are inside the functions that need them, as `--help` loads this module and should respond at once.

DONE, FAILED, BAD_INPUT, INFEASIBLE = 0, 1, 2, 3
"""Exit codes; a command that a signal stopped ends with 128 and its number (Ctrl-C: 130)."""

_DEBUG = "--debug"

_FULL, _NOT_ALLOWED = say("Free some space, or choose another disk."), say("Choose a folder in which you may write.")
_IN_THE_WAY = say("A file or folder of this name is in the way. Choose another name.")
_CURES: Mapping[int, Message] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _NOT_ALLOWED),
    **dict.fromkeys((errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY), _IN_THE_WAY),
    errno.ENAMETOOLONG: say("Choose a shorter name."),
    **dict.fromkeys((errno.EINVAL, errno.EILSEQ), say("Choose a name without control characters.")),
}
"""What to do about what the operating system refused. All but a full disk is the fault of a name that was given."""

COMMANDS: Mapping[str, Callable[..., None]] = {
    "run": run.run_scenario,
    "batch": batch.run_units,
    "demo": demo.run_demo,
    "density": density.make_density,
    "check": check.check_inputs,
    "map": map_command.write_map,
    "report": report.write_reports,
    "compare": compare.compare_plans,
    "roads": roads.save_roads,
    "fetch": fetch.fetch_roads,
}
"""The function of every command, in the order of the help; each is in the module named like the command."""


def terminal_language(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """Return the language of terminal output: that of ``--lang``, otherwise that of the locale.

    >>> terminal_language(["run", "x.toml", "--lang", "zh"], {}), terminal_language([], {"LANG": "zh_CN.UTF-8"})
    ('zh', 'zh')
    >>> terminal_language(["run", "x.toml"], {"LANG": "C.UTF-8"})
    'en'
    """
    for i, argument in enumerate(arguments):
        value = argument.removeprefix("--lang=") if argument.startswith("--lang=") else None
        if argument == "--lang" and i + 1 < len(arguments):
            value = arguments[i + 1]
        if value in ("zh", "en"):
            return cast("Language", value)
    locale = next((environment[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(key)), "")
    return "zh" if locale.startswith("zh") else "en"


def make_command(lang: Language) -> TyperGroup:
    """Return the program with its help texts in the given language."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_about)
    for name, command in COMMANDS.items():
        app.command(name)(_leaving_interrupts(command))
    group = get_group(app)
    word = words(lang)
    for command in (group, *group.commands.values()):
        paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
        command.help = word("\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs))
        for parameter in command.params:
            if getattr(parameter, "help", None):
                parameter.help = word(parameter.help)  # type: ignore[attr-defined]
    return group


class _Interrupted(Exception):
    """A command was interrupted; typer would end the program without a word for the interrupt itself."""


def _leaving_interrupts(command: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(command)
    def called(*arguments: object, **options: object) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt as error:
            raise _Interrupted from error

    return called


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        sys.stdout.write(f"stationplan {metadata.version('stationplan')}\n")
        raise typer.Exit


def _about(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
    _debug: Annotated[
        bool, typer.Option(_DEBUG, help="Show the traceback of an unexpected error instead of writing it to a file.")
    ] = False,
) -> None:
    """Plan rest stations for outdoor workers: propose sites and write a map and a report from a scenario file."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit with code 0 (done), 1 (failed), 2 (bad input), 3 (infeasible) or 130 (stopped)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    prepare()
    session = Session(terminal_language(given, os.environ))
    debug = _DEBUG in given  # before or after the name of the command
    try:
        with interruptible(lambda: translate(session.stopped(), session.lang)):
            code = _call([text for text in given if text != _DEBUG], session, debug=debug)
    except KeyboardInterrupt as error:
        code = _stopped(error, session)
    sys.exit(code)


def _stopped(error: KeyboardInterrupt, session: Session) -> int:
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    errors.print(plain(translate(session.stopped(), session.lang), "yellow"))
    return exit_code(signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)


def _call(arguments: list[str], session: Session, *, debug: bool) -> int:
    lang = session.lang
    errors = Console(stderr=True, highlight=False, soft_wrap=True)

    def tell(message: Message, style: str = "red") -> None:
        errors.print(plain(translate(message, lang), style))

    try:
        make_command(lang)(arguments, prog_name="stationplan", obj=session)
    except InputError as error:
        tell(say("Input errors: {count}. Nothing was written.", count=len(error.faults)), "bold red")
        for fault in abridged(error.faults):
            errors.print(plain("  " + translate_fault(fault, lang)))
        return BAD_INPUT
    except OutputExistsError as error:
        tell(error.what)
        return BAD_INPUT
    except DatabaseError as error:
        for fault in abridged(error.faults):
            errors.print(plain(translate_fault(fault, lang)))
        tell(error.what)
        return FAILED
    except InfeasibleError as error:
        tell(error.what, "bold red")
        for message in error.feasible:
            errors.print(plain("  " + translate(message, lang)))
        return INFEASIBLE
    except (UndecidedError, ServiceError) as error:
        tell(error.what, "bold yellow")
        errors.print(plain("  " + translate(error.cure, lang)))
        return FAILED
    except _Interrupted as error:
        return _stopped(cast("KeyboardInterrupt", error.__cause__), session)
    except OSError as error:
        tell(say("The operating system refused: {error}", error=error))
        cure = _CURES.get(error.errno or 0)
        if cure is not None:
            errors.print(plain("  " + translate(cure, lang)))
        return FAILED if cure in (None, _FULL) else BAD_INPUT
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # also those of libraries that are no Exception
        if debug:
            raise
        path = write_failure(error, arguments)
        tell(say("Unexpected error ({kind}): {error}", kind=type(error).__name__, error=error))
        tell(
            say("It is a defect of stationplan. Please send the file {path}; it contains no input data.", path=path)
            if path is not None
            else say("It is a defect of stationplan. Please report it with what --debug shows.")
        )
        return FAILED
    return DONE
