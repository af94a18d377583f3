"""Puts models into the base image, or checks that they are there.

    fetch_models.py <model id>   downloads one model at its pinned revision
    fetch_models.py --check      loads every model, as the app will
"""

import json
import os
import sys
from pathlib import Path

MODELS = json.loads(Path(__file__).with_name("models.json").read_text(encoding="utf-8"))


def fetch(model_id: str) -> None:
    from huggingface_hub import snapshot_download

    model = next((item for item in MODELS if item["id"] == model_id), None)
    if model is None:
        sys.exit(f"{model_id} is not in models.json")
    path = snapshot_download(model["id"], revision=model["revision"], allow_patterns=model["files"])
    print(f"fetched {model['id']}@{model['revision']} into {path}")


def check() -> None:
    # Set before the libraries read it: a check that may download proves nothing.
    os.environ["HF_HUB_OFFLINE"] = "1"
    for model in MODELS:
        if model["loader"] == "gliner":
            from gliner import GLiNER

            GLiNER.from_pretrained(model["id"], revision=model["revision"])
        else:
            from transformers import AutoModelForSequenceClassification, AutoTokenizer

            AutoTokenizer.from_pretrained(model["id"], revision=model["revision"])
            AutoModelForSequenceClassification.from_pretrained(model["id"], revision=model["revision"])
        print(f"{model['id']}@{model['revision']} loads offline as user {os.getuid()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--check":
        check()
    else:
        fetch(sys.argv[1])
