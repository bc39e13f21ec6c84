"""A Jupyter Server in this process, with the extension, and a project below its root."""

from __future__ import annotations

import json

import pytest

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture
def jp_server_config():
    return {"ServerApp": {"jpserver_extensions": {"vinyasa_ipy.panel": True}}}


@pytest.fixture
def ask(jp_fetch):
    """Ask the server as the sidebar does."""

    async def ask(verb, *, path="project/one.ipynb", way="look", headers=None, **request):
        response = await jp_fetch(
            "vinyasa",
            "api",
            way,
            method="POST",
            params={"path": path},
            body=json.dumps({"verb": verb, **request}),
            headers=headers,
        )
        return json.loads(response.body)

    return ask
