"""A server that reads a request and closes the connection without a word; run as a process of its
own, so that what it holds is not counted as the client's memory. It answers GetFolder, prints its
port, and serves until its input ends.
"""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from localrun.fakes.workmail_ews.soap import (
    MESSAGES,
    TYPES,
    add,
    add_success,
    start_response,
    write_answer,
)


def some_folder() -> bytes:
    """The answer to a GetFolder."""
    response, messages = start_response("GetFolder")
    folders = add(add_success(messages, "GetFolder"), MESSAGES, "Folders")
    add(add(folders, TYPES, "Folder"), TYPES, "FolderId", Id="x")
    return write_answer(response)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        beginning = self.rfile.read(min(left, 2_000))
        left -= len(beginning)
        while left:
            left -= len(self.rfile.read(min(left, 65_536)))
        if b"<m:GetFolder" not in beginning:
            self.close_connection = True
            return
        answer = some_folder()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()
