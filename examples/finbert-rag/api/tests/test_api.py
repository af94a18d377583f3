"""The routes over real HTTP, with stand-ins for the models and for Elasticsearch."""

import json
import threading
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from app.main import Service, create_server
from app.models import ModelCache
from app.search import News


def stand_in(model):
    if model["use"] == "finance":
        return lambda text: ([1.0] * 768, [0.7, 0.2, 0.1])
    return lambda text: [0.5] * 384


class ApiTest(unittest.TestCase):
    def serve(self, server):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def elasticsearch(self):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer({"status": "green"})

            def do_POST(self):
                asked.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
                self.answer({"hits": {"hits": [{"_score": 1.75, "_source": {"title": "Bonds rise"}}]}})

            def answer(self, document):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_):
                pass

        return self.serve(HTTPServer(("127.0.0.1", 0), Handler)), asked

    def api(self, load=stand_in, host="", wait=True):
        models = ModelCache(load)
        url = self.serve(create_server(Service(models, News(host=host, key="k")), 0))
        thread = models.start()
        if wait:
            thread.join()
        return url

    def ask(self, url, body=None):
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data)) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def test_is_not_healthy_until_the_models_are_loaded(self):
        release = threading.Event()

        def load(model):
            release.wait()
            return stand_in(model)

        url = self.api(load, wait=False)
        status, document = self.ask(f"{url}/health")
        self.assertEqual((status, document["status"], document["model_cache"]["loaded_models"]), (503, "loading", []))
        self.assertEqual(self.ask(f"{url}/health/live"), (200, {"status": "alive"}))
        self.assertEqual(self.ask(f"{url}/search/cosine/embedding384d/", {"query": "x"})[0], 503)
        release.set()

    def test_tells_of_all_its_parts(self):
        host, _ = self.elasticsearch()
        status, document = self.ask(f"{self.api(host=host)}/health")
        models = ["sentence-transformers/all-MiniLM-L6-v2", "ProsusAI/finbert"]
        self.assertEqual(status, 200)
        self.assertEqual(
            document,
            {
                "status": "healthy",
                "api": "operational",
                "elasticsearch": "green",
                "model_cache": {"cached_models": models, "loaded_models": models},
            },
        )

    def test_serves_without_elasticsearch_and_says_so(self):
        url = self.api()
        status, document = self.ask(f"{url}/health")
        self.assertEqual((status, document["status"], document["elasticsearch"]), (200, "degraded", "unavailable"))
        self.assertEqual(self.ask(f"{url}/search/cosine/embedding384d/", {"query": "x"})[0], 502)

    def test_is_neither_alive_nor_healthy_when_a_model_is_missing(self):
        def fail(_):
            raise OSError("no such snapshot")

        with self.assertLogs("finbert_rag.models", "ERROR"):
            url = self.api(fail)
        self.assertEqual(self.ask(f"{url}/health")[1]["status"], "failed")
        self.assertEqual(self.ask(f"{url}/health/live")[0], 503)

    def test_searches_by_vectors_of_each_length(self):
        host, asked = self.elasticsearch()
        url = self.api(host=host)
        for dimensions in (384, 768, 1155):
            with self.assertLogs("finbert_rag.http", "INFO"):
                status, answer = self.ask(
                    f"{url}/search/cosine/embedding{dimensions}d/", {"query": "sovereign debt", "size": 3}
                )
            self.assertEqual((status, answer["results"]), (200, [{"title": "Bonds rise", "score": 0.75}]))
            path, body = asked[-1]
            self.assertEqual((path, body["size"]), ("/news_finbert_embeddings/_search", 3))
            self.assertEqual(len(body["query"]["script_score"]["script"]["params"]["vector"]), dimensions)

    def test_refuses_what_is_no_question(self):
        url = self.api()
        for body in ({}, {"query": " "}, {"query": "x", "size": 0}, {"query": "x", "size": True}, ["x"]):
            self.assertEqual(self.ask(f"{url}/search/cosine/embedding384d/", body)[0], 422)
        self.assertEqual(self.ask(f"{url}/search/cosine/embedding512d/", {"query": "x"})[0], 404)
        self.assertEqual(self.ask(f"{url}/other")[0], 404)


if __name__ == "__main__":
    unittest.main()
