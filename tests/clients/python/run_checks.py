"""Runs every function `it_...` of the script that is named, and prints one JSON record for each: its name, and "ok" or what went wrong."""

import asyncio
import importlib
import inspect
import json
import sys
import traceback


def outcome_of(check):
    try:
        result = check()
        if inspect.isawaitable(result):
            asyncio.run(result)
        return "ok"
    except Exception:
        return traceback.format_exc()


script = importlib.import_module(sys.argv[1])
for name, check in list(vars(script).items()):
    if name.startswith("it_"):
        print(json.dumps({"name": name, "outcome": outcome_of(check)}), flush=True)
