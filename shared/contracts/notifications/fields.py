"""Fields that several messages share."""

from typing import Annotated, Final

from pydantic import Field

REFERENCE: Final = r"^[a-z]+\.[a-z_]+:.+$"
"""`<service>.<kind>:<id>`: whatever a service owns, as other services name it."""

ADDRESS: Final = r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$"
PHONE: Final = r"^\+?[0-9][0-9 ()./-]{5,30}$"
LOCALE: Final = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
NAME: Final = r"^[a-z][a-z0-9_]*$"

Reference = Annotated[str, Field(max_length=200, pattern=REFERENCE)]
Email = Annotated[str, Field(max_length=320, pattern=ADDRESS)]
Phone = Annotated[str, Field(max_length=32, pattern=PHONE)]
"""International, `+919812345678`; or national where the organization's settings name a country."""
Locale = Annotated[str, Field(max_length=35, pattern=LOCALE)]
TemplateName = Annotated[str, Field(max_length=100, pattern=NAME)]
Category = Annotated[str, Field(max_length=50, pattern=NAME)]
"""What a message is about, by which people choose what they want to get."""
