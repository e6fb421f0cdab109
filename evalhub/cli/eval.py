"""``evalhub eval``: run suites, compare runs, list them."""

import typer

from evalhub.cli.evals.check import check_command
from evalhub.cli.evals.compare import compare_command
from evalhub.cli.evals.init import init_command
from evalhub.cli.evals.list_runs import list_command
from evalhub.cli.evals.plan import plan_command
from evalhub.cli.evals.promote import promote_command
from evalhub.cli.evals.report import report_command
from evalhub.cli.evals.run import run_command
from evalhub.cli.evals.schema import schema_command
from evalhub.cli.evals.show import show_command
from evalhub.cli.evals.sync import sync_command

app = typer.Typer(no_args_is_help=True)
app.command("init")(init_command)
app.command("run")(run_command)
app.command("plan")(plan_command)
app.command("compare")(compare_command)
app.command("report")(report_command)
app.command("list")(list_command)
app.command("show")(show_command)
app.command("sync")(sync_command)
app.command("promote")(promote_command)
app.command("check")(check_command)
app.command("schema")(schema_command)
