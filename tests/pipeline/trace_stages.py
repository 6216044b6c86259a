"""Runs stages, each in a process of its own, and prints, as JSON a line, what each loaded of recore and read of params.

python trace_stages.py "recore.stages.filter demo" "recore.stages.train demo trm 1"

The processes are forks of this one, which has loaded nothing of recore, but the packages that take most of a start.
"""

import importlib
import json
import os
import sys

import jinja2  # noqa: F401
import matplotlib.figure  # noqa: F401
import pandas as pd  # noqa: F401
import pooch  # noqa: F401
import pyarrow.parquet as pq  # noqa: F401
import pydantic  # noqa: F401
import requests  # noqa: F401
import ruamel.yaml  # noqa: F401
import safetensors.torch  # noqa: F401
import scipy.stats  # noqa: F401
import torch  # noqa: F401
import tqdm  # noqa: F401


def trace(command: str) -> None:
    stage, *arguments = command.split()
    from recore import params

    read = []
    original = params.Params.at

    def recording(self, key):
        read.append(key)
        return original(self, key)

    params.Params.at = recording
    importlib.import_module(stage).main(arguments)
    modules = {name: module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "recore"}
    print(json.dumps({"modules": modules, "params": read}), flush=True)


for command in sys.argv[1:]:
    if not (child := os.fork()):
        trace(command)
        os._exit(0)  # what this process shares with its parent takes a second to take down
    if os.waitpid(child, 0)[1]:
        sys.exit(f"{command} failed")
