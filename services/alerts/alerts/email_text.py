"""What the e-mail of an alert says."""

from services.alerts.alerts.models import PendingEmail


def subject_of(email: PendingEmail) -> str:
    """`Warning: shipment MAEU1234567 is 3 days late`."""
    return f"{email.severity.capitalize()}: shipment {email.reference} is {_late(email)}"


def body_of(email: PendingEmail) -> str:
    """Plain text, lines of one fact each."""
    return f"""\
Shipment {email.reference} of {email.customer} is {_late(email)}.

Severity:     {email.severity}
Carrier:      {email.carrier}
From:         {email.origin}
To:           {email.destination}
ETA:          {email.eta}
Status:       {email.shipment_status.replace("_", " ")}
Evaluated on: {email.raised_on}
Alert:        {email.alert_id}
"""


def _late(email: PendingEmail) -> str:
    return f"{email.days_late} day{'' if email.days_late == 1 else 's'} late"
