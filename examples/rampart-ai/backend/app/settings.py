"""What the app is told from outside, and which models it loads."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

PII_LABELS = ("name", "email address", "phone number", "credit card number", "street address")
PII_THRESHOLD = 0.5
MAX_TEXT = 20_000


@dataclass(frozen=True)
class Model:
    id: str
    revision: str
    loader: str


def models() -> list[Model]:
    """The models of the base image; beside the sources when there is none."""
    default = Path(__file__).parent.parent / "models.json"
    entries = json.loads(Path(os.environ.get("MODELS_FILE", default)).read_text(encoding="utf-8"))
    return [Model(entry["id"], entry["revision"], entry["loader"]) for entry in entries]


def log_level() -> str:
    return os.environ.get("LOG_LEVEL", "info").upper()
