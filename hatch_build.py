"""The build step of the sidebar: its modules get names made from their content, and go where JupyterLab looks."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "vinyasa-ipy"
MENTIONED = re.compile(r"""(?<=['"])\./([\w-]+\.(?:js|css))(?=['"])""")


class Frontend(BuildHookInterface[Any]):
    """Makes the prebuilt extension; JupyterLab serves its files as immutable for a year, so a name is never reused."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the interface's
        """Write the extension below `build/` and have it installed as shared data, in editable installs too."""
        sources = Path(self.root, "vinyasa_ipy", "panel", "frontend")
        target = Path(self.root, "build", "labextension")
        shutil.rmtree(target, ignore_errors=True)
        (target / "static").mkdir(parents=True)
        entry = Bundle(sources, target / "static").write("remoteEntry.js")
        build = {"load": f"static/{entry}", "extension": "./extension"}
        package = {
            "name": NAME,
            "version": self.metadata.version,
            "license": "MIT",
            "description": "The pipeline, runs and cache of a notebook in a sidebar.",
            "jupyterlab": {"extension": True, "_build": build},
        }
        install = {"packageManager": "python", "packageName": NAME, "uninstallInstructions": f"pip uninstall {NAME}"}
        (target / "package.json").write_text(json.dumps(package, indent=2), encoding="utf-8")
        (target / "install.json").write_text(json.dumps(install, indent=2), encoding="utf-8")
        build_data.setdefault("shared_data", {})[str(target)] = f"share/jupyter/labextensions/{NAME}"


class Bundle:
    """Copies modules and what they mention, each under a name that holds a digest of its content."""

    def __init__(self, sources: Path, target: Path) -> None:
        """Copy from `sources` to `target`."""
        self.sources = sources
        self.target = target
        self.names: dict[str, str] = {}

    def write(self, name: str) -> str:
        """Copy one file after those it mentions as './NAME', with their new names in it; return its own."""
        if name not in self.names:
            text = (self.sources / name).read_text(encoding="utf-8")
            text = MENTIONED.sub(lambda found: f"./{self.write(found[1])}", text)
            stem, _, end = name.rpartition(".")
            self.names[name] = f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:12]}.{end}"
            (self.target / self.names[name]).write_text(text, encoding="utf-8", newline="\n")
        return self.names[name]
