"""Tracks as files: GeoJSON (RFC 7946, longitude first) and GPX 1.1."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID
from xml.sax.saxutils import escape

import orjson

from services.trips.positions.models import Place

GEO_JSON: Final = "application/geo+json"
GPX: Final = "application/gpx+xml"
GPX_END: Final = b"</trkseg></trk></gpx>\n"


def geo_json(trip_id: UUID, number: str, places: Sequence[Place], facts: dict[str, Any]) -> bytes:
    """One Feature: a line with the moments of its places, a point where there is one place alone, and nothing for none."""
    coordinates = [[place.longitude, place.latitude] for place in places]
    geometry: dict[str, Any] | None = {"type": "LineString", "coordinates": coordinates}
    if len(coordinates) < 2:
        geometry = {"type": "Point", "coordinates": coordinates[0]} if coordinates else None
    properties = {"trip_id": str(trip_id), "number": number, **facts, "times": [_text(place.recorded_at) for place in places]}
    properties |= {"speeds_mps": [place.speed_mps for place in places], "headings_deg": [place.heading_deg for place in places]}
    return orjson.dumps({"type": "Feature", "id": str(trip_id), "geometry": geometry, "properties": properties})


def gpx_begin(number: str) -> bytes:
    """The file's beginning, before its points."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<gpx version="1.1" creator="Waybill" xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"<trk><name>{escape(number)}</name><trkseg>\n"
    ).encode()


def gpx_points(places: Iterable[Place]) -> bytes:
    """Points as the file has them."""
    return "".join(_gpx_point(place) for place in places).encode()


def _gpx_point(place: Place) -> str:
    height = f"<ele>{place.altitude_m:g}</ele>" if place.altitude_m is not None else ""
    at = f"<time>{_text(place.recorded_at)}</time>"
    return f'<trkpt lat="{place.latitude:.7f}" lon="{place.longitude:.7f}">{height}{at}</trkpt>\n'


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
