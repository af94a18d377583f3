"""The HTTP face: health, and one search route for each kind of embedding."""

import json
import logging
import os
import re
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.models import ModelCache
from app.search import FIELDS, News, SearchUnavailable

log = logging.getLogger("finbert_rag.http")

SEARCH = re.compile(r"/search/cosine/embedding(\d+)d/?")
MOST_BYTES = 100_000
MOST_RESULTS = 100


class Problem(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Service:
    """What the routes answer, apart from HTTP."""

    def __init__(self, models: ModelCache, news: News) -> None:
        self._models = models
        self._news = news

    def health(self) -> tuple[int, dict[str, object]]:
        """503 until the models are there: a task without them must get no requests."""
        ready = self._models.encoders is not None
        elasticsearch = self._news.status()
        well = elasticsearch in ("green", "yellow")
        status = "failed" if self._models.failed else "loading" if not ready else "healthy" if well else "degraded"
        return 200 if ready else 503, {
            "status": status,
            "api": "operational" if ready else "starting",
            "elasticsearch": elasticsearch,
            "model_cache": {"cached_models": self._models.cached, "loaded_models": list(self._models.loaded)},
        }

    def live(self) -> tuple[int, dict[str, object]]:
        # A process whose models failed will never serve: saying 200 would keep it in the service.
        return (503, {"status": "failed"}) if self._models.failed else (200, {"status": "alive"})

    def search(self, dimensions: int, request: object) -> tuple[int, dict[str, object]]:
        if dimensions not in FIELDS:
            raise Problem(404, f"there are embeddings of {', '.join(map(str, FIELDS))} dimensions")
        query, size = _read(request)
        encoders = self._models.encoders
        if encoders is None:
            raise Problem(503, "the models are not loaded yet")
        try:
            results = self._news.nearest(encoders.encode(query, dimensions), size)
        except SearchUnavailable as error:
            raise Problem(502, "Elasticsearch does not answer") from error
        return 200, {"query": query, "dimensions": dimensions, "results": results}


def _read(request: object) -> tuple[str, int]:
    if not isinstance(request, dict):
        raise Problem(422, "send an object with query and size")
    query, size = request.get("query"), request.get("size", 10)
    if not isinstance(query, str) or not query.strip():
        raise Problem(422, "query must be a text")
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_RESULTS:
        raise Problem(422, f"size must be a whole number from 1 to {MOST_RESULTS}")
    return query, size


def create_server(service: Service, port: int) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/health":
                self._send(*service.health())
            elif self.path == "/health/live":
                self._send(*service.live())
            else:
                self._send(404, {"detail": "not found"})

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", "0"))
            if size > MOST_BYTES:
                self.close_connection = True
                return self._send(413, {"detail": "too long"})
            body = self.rfile.read(size)
            match = SEARCH.fullmatch(self.path)
            try:
                if match is None:
                    raise Problem(404, "not found")
                self._send(*service.search(int(match[1]), json.loads(body)))
            except ValueError:
                self._send(422, {"detail": "the body is not JSON"})
            except Problem as problem:
                self._send(problem.status, {"detail": str(problem)})

        def _send(self, status: int, document: dict[str, object]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, text: str, *values: object) -> None:
            # A load balancer asks every few seconds; what it asks is no news.
            if not self.path.startswith("/health"):
                log.info(text, *values)

    return ThreadingHTTPServer(("0.0.0.0", port), Handler)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    models = ModelCache()
    server = create_server(Service(models, News()), int(os.environ.get("PORT", "8000")))
    # A container's first process gets no default handling of SIGTERM; from here on it only ends what it serves.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    models.start()
    log.info("Listening on %s", server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
