"""Runs the classes of tests of the script that is named with pytest, and prints one JSON record for each class: its name, and "ok" or what went wrong.

A script says in SKIPPED which tests may be skipped, and why: one that is skipped without being named there has failed.
"""

import importlib
import json
import os
import sys
from collections import defaultdict

import pytest


class Report:
    def __init__(self, may_skip):
        self.may_skip = may_skip
        self.ran = defaultdict(int)
        self.complaints = defaultdict(list)

    def pytest_runtest_logreport(self, report):
        _, kind, test = report.nodeid.split("::")
        if report.failed:
            self.complaints[kind].append(f"{test}: {report.longreprtext}")
        elif report.skipped and not hasattr(report, "wasxfail") and test.split("[")[0] not in self.may_skip:
            self.complaints[kind].append(f"{test} was skipped: {report.longrepr}")
        elif report.passed and report.when == "call":
            self.ran[kind] += 1

    def pytest_collectreport(self, report):
        if report.failed:
            self.complaints[report.nodeid].append(report.longreprtext)


name = sys.argv[1]
script = importlib.import_module(name)
report = Report(script.SKIPPED)
folder = os.path.dirname(os.path.abspath(__file__))
# One event loop, since LangChain's package for OpenAI keeps connections from one test to the next.
settings = ["-o", "asyncio_mode=auto", "-o", "asyncio_default_test_loop_scope=session", "--rootdir", folder]
pytest.main(["-q", "-p", "no:cacheprovider", *settings, "--durations=10", os.path.join(folder, f"{name}.py")], plugins=[report])
for kind in {*report.ran, *report.complaints}:
    print(json.dumps({"name": kind, "outcome": "\n\n".join(report.complaints[kind]) or "ok"}), flush=True)
