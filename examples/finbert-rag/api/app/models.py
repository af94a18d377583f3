"""The two models behind plain functions, loaded in the background. The libraries are imported when they are loaded."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger("finbert_rag.models")

Vector = list[float]


@dataclass(frozen=True)
class Encoders:
    """384 numbers of a sentence; 768 numbers and three sentiments (positive, negative, neutral) of a financial text."""

    sentences: Callable[[str], Vector]
    finance: Callable[[str], tuple[Vector, Vector]]

    def encode(self, text: str, dimensions: int) -> Vector:
        if dimensions == 384:
            return self.sentences(text)
        vector, sentiments = self.finance(text)
        return vector if dimensions == 768 else self.sentences(text) + vector + sentiments


def listed() -> list[dict[str, str]]:
    """The models of the base image; beside the sources when there is none."""
    default = Path(__file__).parent.parent / "models.json"
    return json.loads(Path(os.environ.get("MODELS_FILE", default)).read_text(encoding="utf-8"))


class ModelCache:
    """Which models the image carries, and which of them are loaded. `encoders` is there when all are."""

    def __init__(self, load: Callable[[dict[str, str]], object] | None = None) -> None:
        self._load = load or _load
        self.cached = [model["id"] for model in listed()]
        self.loaded: list[str] = []
        self.encoders: Encoders | None = None
        self.failed = False

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="models", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        found: dict[str, object] = {}
        try:
            for model in listed():
                log.info("Loading %s at %s", model["id"], model["revision"])
                begin = time.monotonic()
                found[model["use"]] = self._load(model)
                self.loaded.append(model["id"])
                log.info("Loaded %s in %.1f s", model["id"], time.monotonic() - begin)
            self.encoders = Encoders(**found)
            log.info("Application startup complete.")
        except Exception:
            log.exception("The models can not be loaded")
            self.failed = True


def _load(model: dict[str, str]) -> object:
    import torch
    from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model["id"], revision=model["revision"])
    finance = model["use"] == "finance"
    loader = AutoModelForSequenceClassification if finance else AutoModel
    network = loader.from_pretrained(model["id"], revision=model["revision"], output_hidden_states=True).eval()

    def run(text: str) -> tuple[Vector, Vector]:
        words = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
        with torch.inference_mode():
            answer = network(**words)
        mask = words["attention_mask"].unsqueeze(-1)
        mean = (answer.hidden_states[-1] * mask).sum(1) / mask.sum(1)
        sentiments = answer.logits.softmax(-1)[0].tolist() if finance else []
        return torch.nn.functional.normalize(mean)[0].tolist(), sentiments

    return run if finance else lambda text: run(text)[0]
