"""Run every case of a JSON file twice in a terminal's shell: recorded, then replayed, with marks between."""

import json
import os
import sys
from pathlib import Path

from IPython.terminal.interactiveshell import TerminalInteractiveShell


def mark(words):
    sys.stdout.flush()
    sys.stderr.flush()
    for stream in (1, 2):
        os.write(stream, f"\n@@{words}@@\n".encode())


cases = json.loads(Path(sys.argv[1]).read_text())
sys.path.insert(0, str(Path(__file__).parent))
shell = TerminalInteractiveShell.instance(simple_prompt=True, colors="nocolor")
shell.run_cell("%load_ext stage_driver", store_history=True)
shell.run_cell("import logging, sys; logging.getLogger('old').addHandler(logging.StreamHandler())", store_history=True)
for name, source in cases.items():
    for turn in ("live", "replayed"):
        mark(f"{name} {turn}")
        shell.run_cell(f"%%stage {name}\n{source}", store_history=True)
mark("end end")
left = [name for name in ("publish", "clear_output") if name in vars(shell.display_pub)]
left += [type(vars(stream).get("write")).__name__ for stream in (sys.stdout, sys.stderr)]
Path(sys.argv[2]).write_text(json.dumps({"lossy": shell.driver.lossy, "kept": shell.driver.kept, "left": left}))
