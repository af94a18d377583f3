"""The two models behind plain functions. The libraries are imported when they are loaded, and only then."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from app import settings

log = logging.getLogger("rampart_ai.models")


@dataclass(frozen=True)
class Finding:
    label: str
    text: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Detectors:
    injection_score: Callable[[str], float]
    personal_data: Callable[[str], list[Finding]]


def load_detectors() -> Detectors:
    """Loads both models of the image. Takes seconds to minutes; raises when one can not be loaded."""
    loaded = {}
    for model in settings.models():
        log.info("Loading %s at %s", model.id, model.revision)
        begin = time.monotonic()
        loaded[model.loader] = _LOADERS[model.loader](model)
        log.info("Loaded %s in %.1f s", model.id, time.monotonic() - begin)
    return Detectors(injection_score=loaded["transformers"], personal_data=loaded["gliner"])


def _load_injection(model: settings.Model) -> Callable[[str], float]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    classify = pipeline(
        "text-classification",
        model=AutoModelForSequenceClassification.from_pretrained(model.id, revision=model.revision),
        tokenizer=AutoTokenizer.from_pretrained(model.id, revision=model.revision),
        truncation=True,
        max_length=512,
    )

    def score(text: str) -> float:
        answer = classify(text)[0]
        return answer["score"] if answer["label"] == "INJECTION" else 1 - answer["score"]

    return score


def _load_personal_data(model: settings.Model) -> Callable[[str], list[Finding]]:
    from gliner import GLiNER

    gliner = GLiNER.from_pretrained(model.id, revision=model.revision)

    def find(text: str) -> list[Finding]:
        entities = gliner.predict_entities(text, list(settings.PII_LABELS), threshold=settings.PII_THRESHOLD)
        return [Finding(e["label"], e["text"], e["start"], e["end"], e["score"]) for e in entities]

    return find


_LOADERS = {"transformers": _load_injection, "gliner": _load_personal_data}
