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

    for model in MODELS:
        if model["id"] == model_id:
            path = snapshot_download(model_id, revision=model["revision"], allow_patterns=model["files"])
            print(f"fetched {model_id}@{model['revision']} into {path}")
            return
    sys.exit(f"{model_id} is not in models.json")


def check() -> None:
    # Set before the libraries read it: a check that may download proves nothing.
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import AutoModel, AutoTokenizer

    for model in MODELS:
        AutoTokenizer.from_pretrained(model["id"], revision=model["revision"])
        AutoModel.from_pretrained(model["id"], revision=model["revision"])
        print(f"{model['id']}@{model['revision']} loads offline as user {os.getuid()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--check":
        check()
    else:
        fetch(sys.argv[1])
