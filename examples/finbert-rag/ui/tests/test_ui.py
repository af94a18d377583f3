"""The page and its way to the API, over real HTTP."""

import json
import threading
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from server import create_server


class UiTest(unittest.TestCase):
    def serve(self, server):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def ask(self, url, body=None):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body)) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def test_serves_its_page_and_hands_questions_on(self):
        class Api(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps([self.path, json.loads(body)]).encode())

            def log_message(self, *_):
                pass

        url = self.serve(create_server(self.serve(HTTPServer(("127.0.0.1", 0), Api)), 0))
        self.assertEqual(self.ask(f"{url}/healthz"), (200, b"ok"))
        self.assertIn(b"<title>finbert-rag</title>", self.ask(url)[1])
        path = "/search/cosine/embedding768d/"
        status, answer = self.ask(url + path, b'{"query": "x"}')
        self.assertEqual((status, json.loads(answer)), (200, [path, {"query": "x"}]))
        self.assertEqual(self.ask(f"{url}/admin", b"{}")[0], 404)

    def test_says_when_the_api_is_away(self):
        url = self.serve(create_server("http://127.0.0.1:1", 0))
        self.assertEqual(self.ask(f"{url}/search/cosine/embedding384d/", b"{}")[0], 502)


if __name__ == "__main__":
    unittest.main()
