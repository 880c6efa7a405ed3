#!/usr/bin/python3
"""Plays the scenarios as run.py does, each with a ledger of its own in one PostgreSQL database."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = os.environ.get("UTFALL_TEST_POSTGRES")


def main():
    if SERVER is None:
        beside = os.path.join(os.path.dirname(HERE), "support", "with-postgres")
        os.execv(beside, [beside, *sys.argv])
    os.environ["UTFALL_SCENARIOS_IN"] = f"postgresql://{SERVER}"
    sys.path.insert(0, HERE)
    import run  # reads where the ledgers are
    return run.main()


if __name__ == "__main__":
    sys.exit(main())
