"""What a suite will ask, cost and show, before anything is spent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalhub.config import load_settings
from evalhub.errors import ConfigError, EvalhubError
from evalhub.evals.gates.demand import BASELINE_RUN, Gate
from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.runs.detectable import (
    Detectable,
    Noise,
    detectable,
    noise_of_difference,
    noise_of_mean,
)
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.probe import (
    Listened,
    listen_to_canaries,
    listen_to_metric,
    listen_to_target,
)
from evalhub.evals.runs.resume import plan_of
from evalhub.evals.runs.scoring import BASELINE_OUTPUTS
from evalhub.evals.suites.assemble import Assembly
from evalhub.evals.suites.spec_prompts import PromptSpec
from evalhub.evals.suites.suite import Suite
from evalhub.experiments import Tracker
from evalhub.metrics.base import Metric
from evalhub.model import Example, Experiment

__all__ = ["Forecast", "ForecastLine", "forecast"]

_LISTENED = 50
"""Examples whose prompts are looked at; the others are taken to be alike."""


@dataclass(frozen=True, slots=True)
class ForecastLine:
    """One target or judge: what it will be asked. What is not known is None."""

    name: str
    kind: str
    """``target`` or ``judge``."""
    calls: int
    done: int
    """Calls of those that a killed run has finished already."""
    tokens: int | None
    usd: float | None
    seconds: float | None
    origin: str
    """What the figures rest on."""
    unpriced: tuple[str, ...] = ()
    """Models whose price is not known."""

    @property
    def left(self) -> int:
        """Calls still to make."""
        return self.calls - self.done


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run will ask and cost, and what its gates can see."""

    suite: str
    examples: int
    repeats: int
    lines: tuple[ForecastLine, ...]
    gates: tuple[Detectable, ...]
    notes: tuple[str, ...] = ()

    @property
    def usd(self) -> float | None:
        """Dollars of all that is known; None where nothing is."""
        return _sum([line.usd for line in self.lines])

    @property
    def tokens(self) -> int | None:
        """Tokens of all that is known; None where nothing is."""
        known = _sum([line.tokens for line in self.lines])
        return None if known is None else int(known)

    @property
    def seconds(self) -> float | None:
        """Seconds of all that is known; None where nothing is."""
        return _sum([line.seconds for line in self.lines])


def forecast(suite: Suite, assembly: Assembly, tracker: Tracker) -> Forecast:
    """Return what running *suite* on *assembly* will take and show.

    Tokens, cost and time are those of the last run of each target in *tracker*. Where there
    is none the prompts are made and measured; nothing is asked.
    """
    past, notes = _past(suite, assembly, tracker)
    ask = _Forecaster(suite, assembly, past, _done(suite, assembly))
    targets = [ask.target(planned.target.name) for planned in assembly.targets]
    judges = [
        ask.judge(metric)
        for metric, spec in zip(assembly.metrics, suite.spec.metrics, strict=True)
        if spec.asks_a_model
    ]
    lines = (*targets, *(line for line in judges if line.calls))
    return Forecast(
        suite=suite.spec.name,
        examples=len(assembly.dataset.examples),
        repeats=suite.spec.repeats,
        lines=lines,
        gates=tuple(ask.gate(gate) for gate in suite.gates),
        notes=(*notes, *_unpriced(suite, lines)),
    )


def _unpriced(suite: Suite, lines: Sequence[ForecastLine]) -> list[str]:
    """Return a line for each model without a price; a budget in dollars does not run then."""
    refused = "; the budget is in dollars, so the suite does not run without"
    told = refused if suite.spec.budget.usd is not None else ""
    names = dict.fromkeys(name for line in lines for name in line.unpriced)
    return [
        f"no price is known for {name!r}; add it with evalhub prices add{told}" for name in names
    ]


@dataclass(frozen=True, slots=True)
class _Forecaster:
    suite: Suite
    assembly: Assembly
    past: Mapping[str, Sequence[Experiment]]
    """Earlier runs of each target, newest first."""
    done: Mapping[str, int]
    calls: int = field(init=False)

    def __post_init__(self) -> None:
        calls = len(self.assembly.dataset.examples) * self.suite.spec.repeats
        object.__setattr__(self, "calls", calls)

    def target(self, name: str) -> ForecastLine:
        """Return the line of the target called *name*."""
        done = self.done.get(name, 0)
        blank = ForecastLine(name, "target", self.calls, done, None, None, None, "not known")
        runs = self.past.get(name, ())
        if runs:
            return self._by_run(blank, runs[0])
        if not isinstance(self.suite.spec.targets[name], PromptSpec):
            return blank
        target = next(p.target for p in self.assembly.targets if p.target.name == name)
        heard = listen_to_target(target, self._some)
        return self._by_prompts(blank, heard, share=blank.left / len(self._some))

    def judge(self, metric: Metric) -> ForecastLine:
        """Return the line of *metric*, which asks models; it has no calls where it need not."""
        heard = listen_to_metric(metric, self._some, self._outputs)
        targets = len(self.assembly.targets) - (BASELINE_OUTPUTS in metric.requires)
        share = self.calls * targets / len(self._some)
        canaries = [path for judge, path in self.assembly.canaries if judge is metric]
        again = [listen_to_canaries(metric, path) for path in canaries]
        calls = round(share * heard.requests) + sum(one.requests for one in again)
        blank = ForecastLine(metric.name, "judge", calls, 0, None, None, None, "not known")
        return self._by_prompts(blank, heard, *again, share=share) if calls else blank

    def gate(self, gate: Gate) -> Detectable:
        """Return what *gate* can see."""
        of = gate.of or self.assembly.targets[-1].target.name
        examples = self.assembly.dataset.examples
        clusters = {example.cluster or example.id for example in examples}
        units = len(clusters)
        if gate.statistic != "mean":
            told = f"{gate.statistic} is not planned for, only means are"
            return Detectable(gate.metric, of, None, units, told)
        noise = self._noise(gate, of)
        if noise is None and gate.metric not in OPERATIONAL and self._is_share(gate.metric):
            noise = Noise.assumed()
        found = detectable(gate.metric, of, len(examples), units, noise)
        if found.smallest is None or found.smallest <= 1 or not self._is_share(gate.metric):
            return found
        told = f"more than from 0 to 1: too few units; {found.origin}"
        return replace(found, smallest=None, origin=told)

    @property
    def _outputs(self) -> dict[str, str]:
        """Return an output of each example from an earlier run, where there is one."""
        runs = [runs[0] for runs in self.past.values() if runs]
        results = (result for run in runs for result in run.results)
        return {one.example_id: one.output for one in results if one.output is not None}

    @property
    def _some(self) -> tuple[Example, ...]:
        return self.assembly.dataset.examples[:_LISTENED]

    def _by_run(self, line: ForecastLine, run: Experiment) -> ForecastLine:
        means = {item.name: item.mean for item in run.summaries if item.name in OPERATIONAL}
        read, written = means.get("input_tokens"), means.get("output_tokens")
        tokens = None if read is None else round(line.left * (read + (written or 0.0)))
        usd, latency = means.get("cost_usd"), means.get("latency_ms")
        return replace(
            line,
            tokens=tokens,
            usd=None if usd is None else line.left * usd,
            seconds=None if latency is None else self._seconds(line.left, latency / 1e3),
            origin=f"the last run, {run.name}",
        )

    def _by_prompts(
        self, line: ForecastLine, heard: Listened, *once: Listened, share: float
    ) -> ForecastLine:
        """Return *line* with what was *heard*, taken *share* times, and what is asked *once*."""
        parts = (heard, *once)
        is_bounded = all(part.is_bounded for part in parts)
        unpriced = tuple(dict.fromkeys(name for part in parts for name in part.unpriced))
        is_priced = is_bounded and not unpriced
        told = "by max_tokens" if is_bounded else "not counted: they have no max_tokens"
        return replace(
            line,
            tokens=round(share * heard.cost.tokens) + sum(one.cost.tokens for one in once),
            usd=share * heard.cost.usd + sum(one.cost.usd for one in once) if is_priced else None,
            unpriced=unpriced,
            origin=f"prompts by length, answers {told}",
        )

    def _seconds(self, calls: int, latency_s: float) -> float:
        limits = self.suite.spec.limits
        by_limit = 0.0
        if limits.requests_per_minute is not None:
            by_limit = calls / limits.requests_per_minute * 60
        return max(by_limit, calls * latency_s / limits.concurrency)

    def _noise(self, gate: Gate, of: str) -> Noise | None:
        runs = self.past.get(of, ())
        if gate.other is None:
            return noise_of_mean(runs[0], gate.metric) if runs else None
        others = runs[1:] if gate.other == BASELINE_RUN else self.past.get(gate.other, ())
        if not runs or not others:
            return None
        return noise_of_difference(others[0], runs[0], gate.metric)

    def _is_share(self, name: str) -> bool:
        """Return whether the metric is one whose scores lie between 0 and 1."""
        for metric in self.assembly.metrics:
            if name in getattr(metric, "variants", (metric.name,)):
                scale = getattr(metric, "scale", None)
                return scale in (None, (0, 1))
        return False


def _past(
    suite: Suite, assembly: Assembly, tracker: Tracker
) -> tuple[dict[str, list[Experiment]], list[str]]:
    """Return the last two runs of each target, and what to say where there can be none."""
    try:
        kept = tracker.list_runs(suite.spec.name)
        names = [planned.target.name for planned in assembly.targets]
        last = {name: [run for run in kept if run.target == name][:2] for name in names}
        return {n: [tracker.load(run.run_id) for run in runs] for n, runs in last.items()}, []
    except EvalhubError as error:
        return {}, [f"earlier runs cannot be read: {error}"]


def _done(suite: Suite, assembly: Assembly) -> dict[str, int]:
    """Return how many calls of each target a killed run has left in its journal."""
    folder, plan = load_settings().home / "journals", plan_of(suite, assembly)
    if not (folder / f"{plan}.journal").exists():
        return {}
    try:
        with Journal(folder, plan) as journal:
            return {p.target.name: journal.count(p.target.name) for p in assembly.targets}
    except ConfigError:  # it runs now, or is damaged: a plan does not need it
        return {}


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
