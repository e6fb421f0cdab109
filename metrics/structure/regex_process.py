"""The program that matches texts for :mod:`evalhub.metrics.structure.regex_matching`.

It is started by its path and without site-packages, so it imports nothing but Python's own. The
system ends it where one text takes more than its limit of computing.
"""

import marshal
import os
import re
import signal
import sys


def _main() -> None:
    pattern, full, limit_s, texts = marshal.load(sys.stdin.buffer)
    # Whoever started the parent may have it ignored or blocked.
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGVTALRM})
    compiled = re.compile(pattern)
    match = compiled.fullmatch if full else compiled.search
    for text in texts:
        # No handler of ours: the engine can run for ever without letting one be called.
        signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
        os.write(1, b"0" if match(text) is None else b"1")


if __name__ == "__main__":
    _main()
