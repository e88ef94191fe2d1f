"""How accounts outside stand, on the wire."""

from pydantic import BaseModel, ConfigDict, Field

from shared.runtime.outside.circuits import Standing


class StandingOut(BaseModel):
    """How an account stands with all workers."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"account": "acme", "closed_s": 12.5, "closed_since_s": 47.0, "refuses_us": False}]}
    )

    account: str
    closed_s: float = Field(ge=0, description="For how long it takes nothing; 0 when it is open.")
    closed_since_s: float = Field(ge=0)
    refuses_us: bool = Field(description="Whether it refuses our login or sender.")

    @classmethod
    def of(cls, standing: Standing) -> "StandingOut":
        """The standing as it is shown."""
        return cls(
            account=standing.name,
            closed_s=standing.closed_s,
            closed_since_s=standing.closed_since_s,
            refuses_us=standing.refuses_us,
        )
