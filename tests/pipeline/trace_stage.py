"""Runs one stage in this process and prints, as JSON, which modules it loaded and which params it read.

python trace_stage.py recore.stages.train demo trm 1
"""

import importlib
import json
import sys

from recore import params

read = []
original = params.Params.at


def recording(self, key):
    read.append(key)
    return original(self, key)


params.Params.at = recording
importlib.import_module(sys.argv[1]).main(sys.argv[2:])
modules = {name: module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "recore"}
print(json.dumps({"modules": modules, "params": read}))
