"""Every command under one name, and running a command line. Heavy imports wait for their command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from functions.cli import alerting, asking, jobs, labelstudio, output, progress, results, scoring
from functions.cli.options import Typed
from pipelines.errors import RecheckError

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _InOrder(click.Group):
    """Lists its commands as they were added: in the order of their use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        del ctx
        return list(self.commands)


@click.group(cls=_InOrder, context_settings=_CONTEXT)
@click.version_option(package_name="recheck-loop", prog_name="recheck")
def recheck() -> None:
    """Tell how often a model is right, from a few hundred answers that people give.

    Scores batches, asks people about a sample of the predictions, and reports an
    accuracy with an honest interval. `recheck COMMAND --help` says more.

    JOB is the path of a recheck.toml, which `recheck init` writes. Exit codes: 0 done,
    1 failed, 2 usage, 3 and up one per named error (docs/reference/errors.md), 10 ran
    well, but an alert fired.
    """


for _command in (
    jobs.init,
    scoring.fit,
    scoring.score,
    results.plan,
    asking.sample,
    labelstudio.labelstudio,
    asking.push,
    asking.pull,
    results.estimate,
    results.errors,
    results.report,
    alerting.alerts,
    progress.run,
    progress.status,
    results.query,
    results.doctor,
    jobs.remove,
    jobs.forget,
):
    recheck.add_command(_command)


def run(words: Sequence[str]) -> int:
    """Run one command line; return its exit code."""
    as_json, typed = "--json" in words, Typed()
    try:
        _require_folder()
        code = recheck.main(args=list(words), prog_name="recheck", standalone_mode=False, obj=typed)
    except RecheckError as error:
        return output.failure(error, as_json=as_json, job=typed.get("job"))
    except click.exceptions.NoArgsIsHelpError as error:
        output.say(error.format_message())
        return error.exit_code
    except click.ClickException as error:
        return _usage(error, as_json=as_json)
    except (KeyboardInterrupt, click.Abort):
        output.say("stopped; it is safe to run the same command again")
        return 130
    return code if isinstance(code, int) else 0


def _require_folder() -> None:
    """Refuse to run in a folder that was deleted: no path that is typed there means anything."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise RecheckError(
            "the folder that this command runs in is gone",
            fix="change to a folder that is there, and run the command again",
        ) from error


def _usage(error: click.ClickException, *, as_json: bool) -> int:
    usage = RecheckError(error.format_message(), fix=_help_line(error))
    if as_json:
        output.answer(
            {"error": {"code": "usage", "problem": usage.problem, "fix": usage.fix}},
            [],
            as_json=True,
        )
    else:
        output.failure(usage, as_json=False)
    return error.exit_code


def _help_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"run `{context.command_path if context else 'recheck'} --help`"


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
