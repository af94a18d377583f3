"""Serves one page, and hands its questions on to the API."""

import os
import re
import signal
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).with_name("index.html").read_bytes()
SEARCH = re.compile(r"/search/cosine/embedding(?:384|768|1155)d/")
MOST_BYTES = 100_000


def create_server(api: str, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._send(200, "text/plain", b"ok")
            elif self.path == "/":
                self._send(200, "text/html; charset=utf-8", PAGE)
            else:
                self._send(404, "text/plain", b"not found")

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", "0"))
            if SEARCH.fullmatch(self.path) is None or size > MOST_BYTES:
                self.close_connection = True
                return self._send(404, "text/plain", b"not found")
            request = urllib.request.Request(
                api.rstrip("/") + self.path, self.rfile.read(size), {"content-type": "application/json"}
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    self._send(answer.status, "application/json", answer.read())
            except urllib.error.HTTPError as error:
                with error:
                    self._send(error.code, "application/json", error.read())
            except OSError:
                self._send(502, "application/json", b'{"detail": "no answer from the API"}')

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer(("0.0.0.0", port), Handler)


if __name__ == "__main__":
    server = create_server(os.environ.get("API_URL", "http://127.0.0.1:8000"), int(os.environ.get("PORT", "8501")))
    # A container's first process gets no default handling of SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {server.server_port}")
    server.serve_forever()
