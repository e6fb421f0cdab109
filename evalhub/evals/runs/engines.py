"""Where the targets of a suite are called: in this process, or on a Ray cluster."""

from collections.abc import Callable

from evalhub.errors import ConfigError
from evalhub.evals.runs.calling import CallAll, call_all
from evalhub.evals.runs.ray_engine import RayEngine
from evalhub.evals.suites.suite import Suite

__all__ = ["open_engine"]


def open_engine(engine: str, suite: Suite) -> Callable[[str], CallAll]:
    """Return what gives, for a target's name, the function that calls it.

    Args:
        engine: ``local``, ``ray`` (a cluster that ``RAY_ADDRESS`` names or, where it does
            not, one of this machine) or ``ray=ADDRESS``.
        suite: Where a worker finds the target; its folder is at the same path there.

    Raises:
        ConfigError: there is no such engine, or it cannot hold the suite's budget.
        MissingExtraError: Ray is not installed.
    """
    name, _, address = engine.partition("=")
    if engine == "local":
        return lambda target: call_all
    if name != "ray":
        raise ConfigError(f"there is no engine {engine!r}; use local, ray or ray=ADDRESS")
    if suite.spec.budget.budget().counts_cost:
        raise ConfigError(
            "a budget of dollars or tokens cannot be held over the workers of a cluster; "
            "use minutes, or the local engine"
        )
    return lambda target: RayEngine(suite, target, address or None)
