"""Forms of the public pages on the wire."""

from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PREFERENCE_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "description": "The page's own form.",
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "quiet": {"type": "string", "enum": ["organization", "none", "own"]},
                        "quiet_from": {"type": "string", "examples": ["22:00"]},
                        "quiet_until": {"type": "string", "examples": ["08:00"]},
                        "quiet_day": {"type": "array", "items": {"type": "string"}, "examples": [["sat", "sun"]]},
                        "paused_until": {"type": "string", "examples": ["2026-12-01", ""]},
                    },
                    "additionalProperties": {
                        "type": "string",
                        "description": "`choice.<category>.<channel>`: `on`, `off`, `hourly`, `daily` or `weekly`.",
                    },
                },
                "example": {"choice.marketing.email": "off", "quiet": "organization", "paused_until": ""},
            }
        },
    }
}


class UnsubscribeForm(BaseModel):
    """Either what mail programs send (RFC 8058 §3.1), or the button of the page."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"List-Unsubscribe": "One-Click"}]})

    one_click: Literal["One-Click"] | None = Field(default=None, alias="List-Unsubscribe")
    action: Literal["unsubscribe", "resubscribe"] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.one_click is None) == (self.action is None):
            raise ValueError("send List-Unsubscribe=One-Click and nothing else, or the page's own form")
        return self
