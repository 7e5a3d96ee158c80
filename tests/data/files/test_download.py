import hashlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from unrolled.data.files import download as module
from unrolled.data.files.download import data_folder, download
from unrolled.errors import InputError

CONTENT = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Host(BaseHTTPRequestHandler):
    """/file is whole, /cut stops half-way, /long has a byte more, anything else is missing."""

    def do_GET(self):
        body = {"/file": CONTENT, "/cut": CONTENT, "/long": CONTENT + b"!"}.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write((body or b"")[: len(CONTENT) // 2 if self.path == "/cut" else None])

    def log_message(self, *_):
        pass


@pytest.fixture
def host():
    server = HTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url, folder):
    return download(url, folder / "new/file.bin", sha256=DIGEST, size=len(CONTENT))


def test_a_whole_file_is_kept(host, tmp_path):
    assert fetch(f"{host}/file", tmp_path).read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file.bin"]


@pytest.mark.parametrize("name, reason", [("missing", "got: Not Found"), ("cut", "SHA-256"), ("long", "SHA-256")])
def test_anything_else_leaves_nothing_behind_and_says_what_to_do(host, tmp_path, name, reason):
    with pytest.raises(InputError, match=rf"{reason}.* by hand") as caught:
        fetch(f"{host}/{name}", tmp_path)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_bad_download_leaves_the_old_file_alone(host, tmp_path):
    fetch(f"{host}/file", tmp_path)
    with pytest.raises(InputError):
        fetch(f"{host}/long", tmp_path)
    assert (tmp_path / "new/file.bin").read_bytes() == CONTENT


def test_no_network(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/file"
        with pytest.raises(InputError, match="Connection refused; check the network"):
            fetch(url, tmp_path)


def test_a_silent_host_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    refused = pytest.raises(InputError, match="timed out; check the network")
    with socket.create_server(("127.0.0.1", 0)) as silent, refused:
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/file", tmp_path)


def test_an_unwritable_folder(host, tmp_path):
    (tmp_path / "new").write_text("a file where the folder should be")
    with pytest.raises(InputError, match="File exists.*; check the network and the folder"):
        fetch(f"{host}/file", tmp_path)


def test_where_downloads_land(monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", "/some/where")
    assert str(data_folder()) == "/some/where"
    monkeypatch.delenv("UNROLLED_DATA")
    assert str(data_folder()) == "data"
