"""Render a `Report` as one self-contained HTML page: Plotly, style sheet, scripts and data are embedded."""

import base64
import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from unrolled.reports.figures import attention, confusion, curves, plotly_base
from unrolled.reports.figures import forecasts as forecast_figures
from unrolled.reports.figures import parallel_coordinates as parallel
from unrolled.reports.narrative import formatting
from unrolled.reports.narrative.comparison import Group, comparable_groups
from unrolled.reports.narrative.configurations import configurations
from unrolled.reports.narrative.findings import findings
from unrolled.reports.narrative.page_tables import contents, facts, headline, results_rows, trial_table
from unrolled.reports.records import Forecasts, Report, Run

TEMPLATES = files("unrolled.reports") / "templates"


def render(report: Report) -> str:
    """Fill templates/report.html.j2.  All data is autoescaped; figures are embedded as escaped JSON."""
    from plotly.offline import get_plotlyjs

    compared = comparable_groups(report.all_runs)
    classified = [(run, run.results.classes) for run in report.all_runs if run.results and run.results.classes]
    drawn = draw(report, compared)
    wide = {f"parallel-{i}": parallel.AXIS_PIXELS * (len(s.parameters) + 1) for i, s in enumerate(report.studies)}
    scripts = {"plotly": get_plotlyjs(), "script": (TEMPLATES / "report.js").read_text(encoding="utf-8")}
    environment = Environment(
        loader=PackageLoader("unrolled.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = ("format_number", "format_setting", "count_noun", "metric_unit", "data_kind")
    environment.filters.update({name: vars(formatting)[name] for name in filters}, sentence=attention.sentence)
    return environment.get_template("report.html.j2").render(
        report=report,
        findings=findings(report),
        contents=contents(report),
        headline=headline(report, compared),
        groups=[(group, results_rows(group)) for group in compared],
        studies=[(study, trial_table(study)) for study in report.studies],
        configurations=configurations(report),
        samples=[(run, run.results.sample) for run in report.all_runs if run.results and run.results.sample],
        forecasters=forecasters(report),
        translations=attention.runs_with_examples(report.all_runs),
        facts=[(run, facts(run)) for run in report.all_runs],
        drawn=set(drawn),
        classified=[(run, confusion.score_tables(classes)) for run, classes in classified],
        wide=wide | {f"confusion-{i}": confusion.width(found) for i, (_, found) in enumerate(classified)},
        points=curves.POINTS,
        data=embedded({"figures": drawn}),
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        policy=content_policy(scripts.values()),
        **{name: Markup(script) for name, script in scripts.items()},
    )


def draw(report: Report, compared: list[Group]) -> dict[str, plotly_base.Figure]:
    """{element id in the page: figure}, without empty figures."""
    drawn: dict[str, plotly_base.Figure | None] = {"curves": curves.learning_curves(report.all_runs)}
    drawn |= {f"results-{index}": plotly_base.results_bars(group) for index, group in enumerate(compared)}
    classified = [run.results.classes for run in report.all_runs if run.results and run.results.classes]
    drawn |= {f"confusion-{index}": confusion.confusion_map(found) for index, found in enumerate(classified)}
    for index, study in enumerate(report.studies):
        drawn[f"trials-{index}"] = curves.trial_curves(study)
        drawn[f"importance-{index}"] = plotly_base.importance_bars(study)
        drawn[f"parallel-{index}"] = parallel.parallel_coordinates(study)
    for index, (_, found) in enumerate(forecasters(report)):
        drawn[f"steps-{index}"] = forecast_figures.error_by_step(found)
        drawn[f"example-{index}"] = forecast_figures.forecast_example(found)
    for index, (_, examples) in enumerate(attention.runs_with_examples(report.all_runs)):
        drawn |= {f"attention-{index}-{place}": attention.attention_map(one) for place, one in enumerate(examples)}
    return {name: figure for name, figure in drawn.items() if figure}


def forecasters(report: Report) -> list[tuple[Run, Forecasts]]:
    """The forecasting runs, with their forecasts from results.json."""
    return [(run, run.results.forecasts) for run in report.all_runs if run.results and run.results.forecasts]


def embedded(data: object) -> Markup:
    """JSON that is safe inside a script element: <, > and & are escaped, nan is refused (figures hold None)."""
    written = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return Markup(written.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}))


def content_policy(scripts: Iterable[str]) -> str:
    """A content security policy: block all requests, and all scripts except ours (allowed by digest)."""
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"
