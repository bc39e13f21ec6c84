"""The Jupyter Server extension: stored results and runs without a kernel, or while one is busy."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from vinyasa_ipy.errors import VinyasaError
from vinyasa_ipy.panel.answers import CHANGING, LOOKING, answer
from vinyasa_ipy.session import Session
from vinyasa_ipy.store import find_folder
from vinyasa_ipy.store.folder import locate_project

if TYPE_CHECKING:
    from collections.abc import Collection


class _Handler(APIHandler):
    """Answers for the notebook whose path below the server's root is in `path`.

    Asking is a POST, so that XSRF checks hold for everything and the texts of cells travel in the body.
    """

    auth_resource = "contents"

    async def _answer(self, verbs: Collection[str]) -> None:
        request = self.get_json_body()
        if not isinstance(request, dict) or request.get("verb") not in verbs:
            raise HTTPError(400, f"ask for one of: {', '.join(verbs)}")
        place = _find_store(self.settings["server_root_dir"], self.get_query_argument("path"))
        # In a thread: a store on a slow disk must not stop the server.
        told = await asyncio.to_thread(_tell, *place, request)
        self.finish(json.dumps(told))


class LookHandler(_Handler):
    """Answers what changes nothing."""

    @authenticated
    @authorized("read")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Answer one request."""
        await self._answer(LOOKING)


class ChangeHandler(_Handler):
    """Carries out what changes the store."""

    @authenticated
    @authorized("write")  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Carry out one request."""
        await self._answer(CHANGING)


def _tell(folder: Path, project: Path, request: dict[str, Any]) -> dict[str, Any]:
    session = Session(folder, project)
    try:
        return answer(session, request)
    except VinyasaError as error:
        return {"problem": str(error)}
    finally:
        session.close()


def _find_store(root: str, path: str) -> tuple[Path, Path]:
    """Find the store of a notebook, and its project, as far as that is below the server's root.

    Raises HTTPError where the store is not below the server's root, links followed.
    """
    top = Path(os.path.realpath(Path(root).expanduser()))
    notebook = Path(os.path.realpath(top / path.lstrip("/")))
    if not notebook.is_relative_to(top):
        raise HTTPError(404, "the notebook is not below the server's root")
    folder = Path(os.path.realpath(find_folder(notebook.parent)))
    if not folder.is_relative_to(top):
        raise HTTPError(404, "the store is not below the server's root; a kernel that loaded vinyasa_ipy can show it")
    project = Path(locate_project(str(notebook.parent)) or notebook.parent)
    return folder, project if project.is_relative_to(top) else top


def add_handlers(server: Any) -> None:
    """Add the handlers to a running server."""
    base = url_path_join(server.web_app.settings["base_url"], "vinyasa", "api")
    handlers = [(url_path_join(base, "look"), LookHandler), (url_path_join(base, "change"), ChangeHandler)]
    server.web_app.add_handlers(".*$", handlers)
