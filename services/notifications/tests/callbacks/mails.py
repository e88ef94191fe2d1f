"""Bounces and complaints as mail: the samples of RFC 3464 and RFC 5965, and servers that write as they please."""

from typing import Final
from uuid import UUID

from services.notifications.callbacks.verp import BounceAddresses, InboundAddresses, UnsubscribeAddresses

DELIVERY: Final = UUID("019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77")
ADDRESSES: Final = BounceAddresses("bounce@bounces.example.com", {"k1": b"a-secret-for-tests-only"})
INBOUND: Final = InboundAddresses(
    ADDRESSES, UnsubscribeAddresses("bounce@bounces.example.com", {"k1": b"a-secret-for-tests-only"})
)
STRANGER: Final = BounceAddresses("bounce@bounces.example.com", {"k1": b"a-strangers-secret"})

_RFC_3464_E1: Final = """\
Date: Thu, 7 Jul 1994 17:16:05 -0400
From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>
Message-Id: <199407072116.RAA14128@CS.UTK.EDU>
Subject: Returned mail: Cannot send message for 5 days
To: <{to}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
      boundary="RAA14128.773615765/CS.UTK.EDU"

--RAA14128.773615765/CS.UTK.EDU

The original message was received at Sat, 2 Jul 1994 17:10:28 -0400
from root@localhost

   ----- The following addresses had delivery problems -----
<louisl@larry.slip.umd.edu>  (unrecoverable error)

--RAA14128.773615765/CS.UTK.EDU
content-type: message/delivery-status

Reporting-MTA: dns; cs.utk.edu

Original-Recipient: rfc822;louisl@larry.slip.umd.edu
Final-Recipient: rfc822;louisl@larry.slip.umd.edu
Action: failed
Status: 4.0.0
Diagnostic-Code: smtp; 426 connection timed out
Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400

--RAA14128.773615765/CS.UTK.EDU
content-type: message/rfc822

To: somebody-else@example.org
Subject: hello

[original message goes here]

--RAA14128.773615765/CS.UTK.EDU--
"""

_RFC_3464_E2: Final = """\
Date: Fri, 8 Jul 1994 09:21:47 -0400
From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>
Subject: Returned mail: User unknown
To: <{to}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="JAA13167.773673707/CS.UTK.EDU"

--JAA13167.773673707/CS.UTK.EDU
content-type: text/plain; charset=us-ascii

   ----- The following addresses had delivery problems -----
<arathib@vnet.ibm.com>  (unrecoverable error)
<wsnell@sdcc13.ucsd.edu>  (unrecoverable error)

--JAA13167.773673707/CS.UTK.EDU
content-type: message/delivery-status

Reporting-MTA: dns; cs.utk.edu

Original-Recipient: rfc822;arathib@vnet.ibm.com
Final-Recipient: rfc822;arathib@vnet.ibm.com
Action: failed
Status: 5.0.0 (permanent failure)
Diagnostic-Code: smtp; 550 'arathib@vnet.IBM.COM' is not a registered gateway user
Remote-MTA: dns; vnet.ibm.com

Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com
Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com
Action: delayed
Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)

Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu
Final-Recipient: rfc822;wsnell@sdcc13.ucsd.edu
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 user unknown
Remote-MTA: dns; sdcc13.ucsd.edu

--JAA13167.773673707/CS.UTK.EDU
content-type: message/rfc822

[original message goes here]

--JAA13167.773673707/CS.UTK.EDU--
"""

_RFC_3464_E4: Final = """\
From: <postmaster@nsfnet-relay.ac.uk>
Subject: Delivery Notification: Delivery has been delayed
To: {to}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=foobar

--foobar
content-type: text/plain

The following message has been delayed.

--foobar
content-type: message/delivery-status

Reporting-MTA: dns; sun2.nsfnet-relay.ac.uk

Final-Recipient: rfc822;thomas@de-montfort.ac.uk
Status: 4.0.0 (unknown temporary failure)
Action: delayed

--foobar--
"""

_RFC_5965_B2: Final = """\
From: <abusedesk@example.com>
Date: Thu, 8 Mar 2005 17:40:36 EDT
Subject: FW: Earn money
To: <{to}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.1 on Thu, 8 Mar 2005 14:00:00 EDT.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{sender}>
Original-Rcpt-To: <user@example.com>
Received-Date: Thu, 8 Mar 2005 14:00:00 EDT
Source-IP: 192.0.2.1

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822

From: <somespammer@example.net>
To: <Undisclosed Recipients>
Subject: Earn money

Spam Spam Spam
--part1_13d.2e68ed54_boundary--
"""

QMAIL: Final = """\
From: MAILER-DAEMON@mail.example.org
To: {to}
Subject: failure notice

Hi. This is the qmail-send program at mail.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@example.org>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 unknown or illegal alias
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.
"""

HOLIDAY: Final = """\
From: ann@example.org
To: {to}
Subject: Out of office
Auto-Submitted: auto-replied

I am away until Monday. Status 5.1.1 is a code that I like.
"""


def own() -> str:
    return ADDRESSES.for_delivery(DELIVERY)


def mail(text: str, to: str | None = None, **fields: str) -> bytes:
    """A mail to an address of ours, with the line ends of SMTP."""
    return text.format(to=to if to is not None else own(), **fields).replace("\n", "\r\n").encode()


def rfc_3464_timed_out(to: str | None = None) -> bytes:
    return mail(_RFC_3464_E1, to)


def rfc_3464_three_recipients() -> bytes:
    return mail(_RFC_3464_E2)


def rfc_3464_delayed() -> bytes:
    return mail(_RFC_3464_E4)


def rfc_5965_abuse(kind: str = "abuse", sender: str | None = None) -> bytes:
    """To the address of a feedback loop; whose mail it was stands inside."""
    return mail(_RFC_5965_B2, "fbl@example.com", kind=kind, sender=sender if sender is not None else own())


def failed(recipient: str, to: str | None = None, status: str = "5.1.1", said: str = "smtp; 550 5.1.1 User unknown") -> bytes:
    """What a modern server writes."""
    lines = (
        "From: MAILER-DAEMON@mx.example.org",
        "To: {to}",
        "Auto-Submitted: auto-replied",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b1",
        "",
        "--b1",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.org",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: {said}",
        "",
        "--b1--",
        "",
    )
    return mail("\n".join(lines), to)
