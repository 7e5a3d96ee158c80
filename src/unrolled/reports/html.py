"""A `Report` -> one HTML page that needs nothing but itself: Plotly, style, scripts and data are inside."""

import base64
import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from unrolled.reports.figures import attention as examples
from unrolled.reports.figures import confusion as class_tables
from unrolled.reports.figures import curves as curve_figures
from unrolled.reports.figures import forecasts as forecast_figures
from unrolled.reports.figures import parallel_coordinates as parallel
from unrolled.reports.figures import plotly_base as figures
from unrolled.reports.narrative import comparison as compare
from unrolled.reports.narrative import formatting as phrases
from unrolled.reports.narrative.configurations import configurations
from unrolled.reports.narrative.findings import findings
from unrolled.reports.narrative.tables import contents, facts, headline, results_rows, trial_table
from unrolled.reports.records import Forecasts, Report, Run

TEMPLATES = files("unrolled.reports") / "templates"


def render(report: Report) -> str:
    """Fill templates/report.html.j2. All data passes through autoescape; figures travel as escaped JSON."""
    from plotly.offline import get_plotlyjs

    compared = compare.groups(report.all_runs)
    told = [(run, run.results.told) for run in report.all_runs if run.results and run.results.told]
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
    written = {word: getattr(phrases, word) for word in ("figure", "setting", "counted", "unit", "material")}
    environment.filters.update(written, sentence=examples.sentence)
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
        translations=examples.told(report.all_runs),
        facts=[(run, facts(run)) for run in report.all_runs],
        drawn=set(drawn),
        told=[(run, class_tables.score_tables(found)) for run, found in told],
        wide=wide | {f"confusion-{i}": class_tables.width(found) for i, (_, found) in enumerate(told)},
        points=curve_figures.POINTS,
        data=embedded({"figures": drawn}),
        style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
        policy=content_policy(scripts.values()),
        **{name: Markup(script) for name, script in scripts.items()},
    )


def draw(report: Report, compared: list[compare.Group]) -> dict[str, figures.Figure]:
    """{id of its place in the page: figure}, without those that have nothing to show."""
    drawn: dict[str, figures.Figure | None] = {"curves": curve_figures.learning_curves(report.all_runs)}
    drawn |= {f"results-{index}": figures.results_bars(group) for index, group in enumerate(compared)}
    told = [run.results.told for run in report.all_runs if run.results and run.results.told]
    drawn |= {f"confusion-{index}": class_tables.confusion_map(found) for index, found in enumerate(told)}
    for index, study in enumerate(report.studies):
        drawn[f"trials-{index}"] = curve_figures.trial_curves(study)
        drawn[f"importance-{index}"] = figures.importance_bars(study)
        drawn[f"parallel-{index}"] = parallel.parallel_coordinates(study)
    for index, (_, found) in enumerate(forecasters(report)):
        drawn[f"steps-{index}"] = forecast_figures.error_by_step(found)
        drawn[f"example-{index}"] = forecast_figures.example(found)
    for index, (_, said) in enumerate(examples.told(report.all_runs)):
        drawn |= {f"attention-{index}-{place}": examples.attention_map(one) for place, one in enumerate(said)}
    return {name: figure for name, figure in drawn.items() if figure}


def forecasters(report: Report) -> list[tuple[Run, Forecasts]]:
    """The runs that forecast, with what results.json says of it."""
    return [(run, run.results.forecasts) for run in report.all_runs if run.results and run.results.forecasts]


def embedded(data: object) -> Markup:
    """JSON that no data can break out of: <, > and & are written as escapes, nan is refused (figures hold gaps)."""
    written = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return Markup(written.translate({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}))


def content_policy(scripts: Iterable[str]) -> str:
    """Browsers refuse every request, and every script but ours (by its digest), even if something slipped through."""
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"
