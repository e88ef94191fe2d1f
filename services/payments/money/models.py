"""Money in mapped tables."""

from typing import Annotated

from sqlalchemy import BigInteger
from sqlalchemy.orm import mapped_column

Minor = Annotated[int, mapped_column(BigInteger)]
"""An amount in minor units. A plain int would be bound as one of 32 bits, which ends at 21 million rupees."""
