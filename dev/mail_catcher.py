"""A real SMTP server that delivers nothing: every message lands in a maildir.

Usage: mail_catcher.py MAILDIR PORT [or-next]

Prints the port it listens on; with "or-next", the next free one where PORT is taken.
Ends with the command that started it, even when that is killed.
"""

import errno
import os
import signal
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox


def start(maildir, port, may_move):
    """Return a running server, on ``port`` or one behind it; exit if there is none."""
    while True:
        controller = Controller(Mailbox(maildir), hostname="127.0.0.1", port=port)
        try:
            controller.start()
            return controller
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            if not may_move:
                sys.exit(f"port {port} is taken: set SMTP_PORT to a free one")
            port += 1


def main(maildir, port, mode=""):
    parent = os.getppid()
    stop = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the command
    signal.signal(signal.SIGTERM, lambda *_args: stop.set())
    controller = start(maildir, int(port), mode == "or-next")
    print(controller.port, flush=True)
    while os.getppid() == parent and not stop.wait(1):
        pass
    controller.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
