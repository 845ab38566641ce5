"""Charts: Vega-Lite drawn to SVG on the server, in the page's own colours; the table beside each says the same."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import vl_convert
from markupsafe import Markup

WIDTH, HEIGHT = 480, 230
_CONFIG: dict[str, Any] = {
    "background": None,
    "font": "system-ui, 'Noto Sans', 'Liberation Sans', Arial, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--muted)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line-strong)",
        "tickColor": "var(--line-strong)",
        "labelFontSize": 14,
        "labelAngle": 0,
        "title": None,
    },
    "legend": {
        "labelColor": "var(--ink)",
        "symbolBaseStrokeColor": "var(--ink)",
        "labelFontSize": 14,
        "labelLimit": 260,
        "title": None,
        "orient": "top",
    },
}
_LOCALE = {"decimal": ",", "thousands": "\u00a0", "grouping": [3], "currency": ["", ""], "minus": "\u2212"}
_YEARS = {"field": "year", "type": "ordinal"}
_COLOURS = ("var(--accent)", "var(--amber)", "var(--green)", "var(--red)")
_STROKES = {"symbolType": "stroke", "symbolStrokeWidth": 2, "symbolSize": 400}
_DASHES = ([1, 0], [6, 4], [2, 3])


@dataclass(frozen=True)
class Line:
    """One line of a chart: what it shows (its colour), of which version (its dash), a value for each year."""

    shows: str
    of: str
    values: Sequence[float]


def lines(years: Sequence[int], told: Sequence[Line], label: str) -> Markup:
    """Lines over the years; ``label`` is what a reader who cannot see it hears."""
    shown, versions = list(dict.fromkeys(each.shows for each in told)), list(dict.fromkeys(each.of for each in told))
    rows = [
        {"year": year, "value": value, "shows": each.shows, "of": each.of}
        for each in told
        for year, value in zip(years, each.values, strict=True)
    ]
    return _drawn({
        "data": {"values": rows},
        "mark": {"type": "line", "point": {"size": 40}},
        "encoding": {
            "x": _YEARS,
            "y": _amounts("value"),
            "color": {
                "field": "shows",
                "type": "nominal",
                "scale": {"domain": shown, "range": _COLOURS[: len(shown)]},
                "legend": _STROKES,
            },
            "strokeDash": {
                "field": "of",
                "type": "nominal",
                "scale": {"domain": versions, "range": _DASHES[: len(versions)]},
                "legend": _STROKES | {"encode": {"symbols": {"update": {"stroke": {"value": "var(--ink)"}}}}},
            },
        },
    }, label)  # fmt: skip


def fan(
    years: Sequence[int], bands: Sequence[tuple[Sequence[float], Sequence[float]]], middle: Sequence[float], label: str
) -> Markup:
    """Bands around a middle path, the widest first: lower and upper bound of each by year."""
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [{"year": y, "low": lo, "high": hi} for y, lo, hi in zip(years, *band, strict=True)]},
            "mark": {"type": "area", "color": "var(--accent)", "opacity": 0.16 + 0.14 * at},
            "encoding": {"x": _YEARS, "y": _amounts("low"), "y2": {"field": "high"}},
        }
        for at, band in enumerate(bands)
    ]
    layers.append({
        "data": {"values": [{"year": y, "value": v} for y, v in zip(years, middle, strict=True)]},
        "mark": {"type": "line", "color": "var(--accent)", "point": {"size": 40, "color": "var(--accent)"}},
        "encoding": {"x": _YEARS, "y": _amounts("value")},
    })  # fmt: skip
    return _drawn({"layer": layers}, label)


def _amounts(field: str) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"zero": False},
        "axis": {"format": ",.6~r", "tickCount": 5},
    }


def _drawn(spec: Mapping[str, Any], label: str) -> Markup:
    svg = _svg(json.dumps(spec, sort_keys=True))
    return Markup('<div class="chart" role="img" tabindex="0" aria-label="{}">{}</div>').format(label, Markup(svg))  # noqa: S704  (ours)


@lru_cache(maxsize=256)
def _svg(spec: str) -> str:
    """The picture without its own roles, which would be read out one by one; drawn for its width."""
    whole = {"width": WIDTH, "height": HEIGHT, "config": _CONFIG, **json.loads(spec)}
    svg: str = vl_convert.vegalite_to_svg(whole, format_locale=_LOCALE)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)
