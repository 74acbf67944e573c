"""The command line: one small module per command, loaded when it is called."""

from __future__ import annotations

import gc
import os
import sys

import typer

from ava.cli import taste
from ava.cli.batch import batch
from ava.cli.cast import cast
from ava.cli.catalog import check, prune, repair, status, verify
from ava.cli.compare import compare
from ava.cli.crops import crops
from ava.cli.decisions import export, import_, merge
from ava.cli.diff import diff
from ava.cli.doctor import doctor
from ava.cli.explain import explain
from ava.cli.extract import extract
from ava.cli.inspect import inspect
from ava.cli.learn import learn
from ava.cli.models import models_list, models_path, models_pull
from ava.cli.output import DEBUG, DEBUG_FLAG, fail
from ava.cli.query import find, query
from ava.cli.rank import rank
from ava.cli.review import review
from ava.cli.scorers import scorers
from ava.cli.sheet import sheet
from ava.cli.still import still
from ava.cli.why import why
from ava.core.errors import AvaError
from ava.core.threads import keep_threads_quiet

# Made before the garbage collector looks again: what is loaded makes many objects, and all stay.
_NEW_OBJECTS = 50_000

app = typer.Typer(
    name="ava",
    help="Finds the frames of a film or series that can become its artwork.",
    epilog="Add --debug to any command to see the traceback of an error.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("rank")(rank)
app.command("extract")(extract)
app.command("batch")(batch)
app.command("query")(query)
app.command("find")(find)
app.command("cast")(cast)
app.command("compare")(compare)
app.command("inspect")(inspect)
app.command("still")(still)
app.command("crops")(crops)
app.command("sheet")(sheet)
app.command("review")(review)
app.command("explain")(explain)
app.command("why")(why)
app.command("diff")(diff)
app.command("learn")(learn)
app.command("scorers")(scorers)
app.command("doctor")(doctor)
models = typer.Typer(help="Weight files: list, fetch, find.", no_args_is_help=True)
models.command("list")(models_list)
models.command("pull")(models_pull)
models.command("path")(models_path)
app.add_typer(models, name="models")
decisions = typer.Typer(help="What people decided: join it, and hand it on.", no_args_is_help=True)
decisions.command("import")(import_)
decisions.command("merge")(merge)
decisions.command("export")(export)
app.add_typer(decisions, name="decisions")
catalog = typer.Typer(help="Look after a catalog and its library.", no_args_is_help=True)
catalog.command("check")(check)
catalog.command("status")(status)
catalog.command("verify")(verify)
catalog.command("repair")(repair)
catalog.command("prune")(prune)
app.add_typer(catalog, name="catalog")
tastes = typer.Typer(
    help="Taste groups: which artwork for whom, and how we know.", no_args_is_help=True
)
for _command in (
    taste.simulate, taste.fit, taste.assign, taste.evaluate, taste.insights, taste.report,
):  # fmt: skip
    tastes.command(_command.__name__)(_command)
app.add_typer(tastes, name="taste")


@app.callback(invoke_without_command=True)
def _common(
    version: bool = typer.Option(False, "--version", help="Print the version and end."),
) -> None:
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"ava {version_of('ava-artwork')}")
        raise typer.Exit


def main() -> None:
    """Run the command line; `AvaError` becomes its exit code and two lines on stderr."""
    sys.argv = [word for word in sys.argv if word != DEBUG_FLAG]
    keep_threads_quiet()
    gc.set_threshold(_NEW_OBJECTS)
    try:
        app()
    except AvaError as error:
        if DEBUG:
            raise
        fail(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Earlier results are untouched.\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    finally:
        gc.freeze()  # to look through everything once more at the end would take a tenth of a second
