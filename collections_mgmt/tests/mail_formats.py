"""E-mails as they arrive at the mail gateway; the braces are filled by ``format``."""

REPLY = """Return-Path: <{email_from}>
To: collections@creditor.test
From: {email_from}
Subject: Re: your message
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Date: Mon, 16 Mar 2026 13:00:00 +0000
Message-ID: {msg_id}
In-Reply-To: {answered}
References: {answered}
{extra}
We pay on Friday.
"""

# By the standard (RFC 3464), as Postfix writes it.
BOUNCE = """Return-Path: <>
Date: Mon, 16 Mar 2026 13:00:00 +0000
From: MAILER-DAEMON@mail.debtor.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounce@creditor.test
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"
Message-ID: {msg_id}

--part
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered to {recipient}.

--part
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.debtor.test
Arrival-Date: Mon, 16 Mar 2026 12:00:00 +0000

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; debtor.test

--part
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: us@creditor.test
To: {recipient}
Subject: Due
Message-Id: {answered}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Dear debtor

--part--
"""

# By a service that does not name the address where the standard wants it.
BOUNCE_WITHOUT_RECIPIENT = """Return-Path: <>
Date: Mon, 16 Mar 2026 13:00:00 +0000
From: MAILER-DAEMON <bounces@service.test>
Subject: Undelivered Mail Returned to Sender
To: bounce@creditor.test
MIME-Version: 1.0
Content-Type: multipart/report; boundary="part"
Message-ID: {msg_id}
In-Reply-To: {answered}

--part
Content-Type: text/plain; charset=utf-8

The following addresses had delivery problems: {recipient}

--part
Content-Type: message/delivery-status

Original-Recipient: <{recipient}>
Action: failed

--part--
"""

# By somebody who begins a new e-mail instead of answering one.
FRESH = """Return-Path: <{email_from}>
To: {to}
From: {email_from}
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="part"
Date: Mon, 16 Mar 2026 13:00:00 +0000
Message-ID: {msg_id}

--part
Content-Type: text/plain; charset=utf-8

{text}

--part
Content-Type: text/plain; name="transfer.txt"
Content-Disposition: attachment; filename="transfer.txt"

Transferred.
--part--
"""
