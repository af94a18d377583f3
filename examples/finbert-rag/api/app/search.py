"""Asks Elasticsearch for the news that is nearest to a vector."""

import json
import os
import urllib.error
import urllib.request

FIELDS = {384: "embedding_384d", 768: "embedding_768d", 1155: "embedding_1155d"}


class SearchUnavailable(Exception):
    """Elasticsearch does not answer, or not as it should. Its words are not handed on: they may hold its address."""


class News:
    """One index of Elasticsearch; where it is and the key to it come from the task definition's secrets."""

    def __init__(self, host: str | None = None, key: str | None = None, index: str | None = None) -> None:
        self._host = (host or os.environ.get("ES_HOST", "")).rstrip("/")
        self._key = key or os.environ.get("ES_KEY", "")
        self._index = index or os.environ.get("ES_INDEX", "news_finbert_embeddings")

    def status(self) -> str:
        """green, yellow or red, or "unavailable"."""
        try:
            return str(self._ask("/_cluster/health").get("status", "unavailable"))
        except SearchUnavailable:
            return "unavailable"

    def nearest(self, vector: list[float], size: int) -> list[dict[str, object]]:
        field = FIELDS[len(vector)]
        script = {"source": f"cosineSimilarity(params.vector, '{field}') + 1.0", "params": {"vector": vector}}
        query = {"script_score": {"query": {"exists": {"field": field}}, "script": script}}
        found = self._ask(f"/{self._index}/_search", {"size": size, "query": query, "_source": ["title", "link", "date"]})
        hits = found.get("hits", {}).get("hits", [])
        return [{**hit.get("_source", {}), "score": hit["_score"] - 1.0} for hit in hits]

    def _ask(self, path: str, body: object = None) -> dict:
        if not self._host:
            raise SearchUnavailable("no host")
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"ApiKey {self._key}", "content-type": "application/json"}
        try:
            with urllib.request.urlopen(urllib.request.Request(self._host + path, data, headers), timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            raise SearchUnavailable(type(error).__name__) from error
