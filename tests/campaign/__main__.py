"""python -m tests.campaign --minutes 60 --seed 7 --database postgres

Everything runs in a folder, on ports and in a database of its own; what is killed is its own. When something is
lost, left over or stuck, or a kind of job was never begun, it exits with 1 and keeps the folder.
"""

import argparse
import faulthandler
import os
import secrets
import shutil
import signal
import sys
import threading
import time
from typing import NoReturn

SETTLING_S = 1500  # within which all must be at rest and compared


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    asked = parser.parse_args()
    say(f"seed {asked.seed}, {asked.minutes:g} minutes, {asked.database}")
    signal.signal(signal.SIGTERM, _interrupted)
    _limit(asked.minutes * 60 + SETTLING_S)
    from tests.campaign.site import a_site, look_at

    with a_site(asked.database) as site:
        if not site.is_mounted:
            say(
                "The data folder cannot be a file system of its own (mount needs root): the disk never gets full."
            )
        os.environ.update(site.environment)
        import django

        django.setup()
        from tests.campaign.campaign import run

        is_good = run(site, asked.seed, asked.minutes)
    if is_good:
        shutil.rmtree(site.base)
    else:
        say(f"Kept: {site.base}\n  {look_at(site)}")
    return 0 if is_good else 1


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _interrupted(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _limit(seconds: float) -> None:
    """Whatever hangs, everything ends: first as if somebody had asked for it."""

    def end() -> None:
        time.sleep(seconds)
        sys.stderr.write(f"not at rest after {seconds:.0f} s\n")
        faulthandler.dump_traceback()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(120)
        os._exit(2)

    threading.Thread(target=end, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
