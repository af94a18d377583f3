"""Fills a directory with models as the hub's own library keeps them, and says so line by line.

RAMPART_CACHE is the directory, RAMPART_MODELS a JSON list of {"id", "revision", "ref"?, "files"?}, HF_ENDPOINT the hub,
HF_TOKEN a token where models need one. Downloads go on where they stopped, and nothing is in its place before its hash
is what the hub says. Lines that begin with "rampart-cache " hold JSON for whoever follows.
https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""
import fnmatch
import hashlib
import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.environ["RAMPART_CACHE"]
HUB = (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
TOKEN = os.environ.get("HF_TOKEN")
PIECE = 1 << 20
TRIES = 7


class Refused(Exception):
    pass


def tell(**fact):
    print("rampart-cache " + json.dumps(fact, separators=(",", ":")), flush=True)


def ask(url, start=0):
    """An answer of the hub; what may pass is tried again."""
    for attempt in range(TRIES):
        request = urllib.request.Request(url, headers={"user-agent": "rampart", "accept-encoding": "identity"})
        if start:
            request.add_header("range", "bytes=%d-" % start)
        # A header that no redirect takes along: files live with others.
        if TOKEN and url.startswith(HUB + "/"):
            request.add_unredirected_header("authorization", "Bearer " + TOKEN)
        pause = min(30, 0.5 * 2**attempt)
        try:
            return urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            if error.code not in (408, 425, 429, 500, 502, 503, 504) or attempt + 1 == TRIES:
                words = error.headers.get("x-error-message") or error.reason
                raise Refused("%s: %s %s" % (url.split("?")[0], error.code, words))
            after = error.headers.get("retry-after") or ""
            pause = min(300, int(after)) if after.isdigit() else pause
        except (OSError, http.client.HTTPException) as error:
            if attempt + 1 == TRIES:
                raise Refused("%s: %s" % (url.split("?")[0], getattr(error, "reason", error)))
        time.sleep(pause)


def listed(model):
    """Size and hash of every file of the revision, by path."""
    url = "%s/api/models/%s/tree/%s?recursive=true" % (HUB, model["id"], model["revision"])
    files = {}
    while url:
        with ask(url) as answer:
            for one in json.load(answer):
                if one["type"] != "file":
                    continue
                if any(part in ("", ".", "..") for part in one["path"].split("/")):
                    raise Refused("the hub lists a file that leads elsewhere: " + one["path"])
                large = one.get("lfs")
                files[one["path"]] = (large or one)["size"], (large or one)["oid"]
            follow = re.search(r'<([^>]+)>;\s*rel="next"', answer.headers.get("link") or "")
        url = follow and urllib.parse.urljoin(url, follow.group(1))
    return files


def usual(paths):
    """What loading a model needs: its weights once, in the most useful format; rampart's bases have the same."""
    safe, torch = r"\.safetensors(\.index\.json)?$", r"\.(bin|pt|pth|ckpt)(\.index\.json)?$"
    others = [r"\.onnx([._]data.*)?$|(^|/)onnx/", r"\.h5$", r"\.msgpack(\.index\.json)?$", r"\.ot$", r"\.gguf$"]
    never = r"(^|/)(openvino|coreml)/|(^|/)openvino_[^/]*\.(bin|xml)$|\.(tflite|mlmodel)$|\.mlpackage/"
    left = (
        r"(^|/)(\.git[^/]*|optimizer\.(pt|bin)|scheduler\.pt|rng_state[^/]*\.pth|training_args\.bin"
        r"|events\.out\.tfevents[^/]*)$|(?i:\.(png|jpe?g|gif|webp|svg|mp4|mov|pdf|ipynb)$)"
    )
    has = re.search
    stem = lambda path: re.sub(r"\.[^./]+$", "", re.sub(r"\.index\.json$", "", path))
    paths = [path for path in paths if not has(left, path)]
    native = [path for path in paths if not any(has(one, path) for one in [*others, never])]
    tensors = [path for path in native if has(safe, path)]
    places, stems = {os.path.dirname(path) for path in tensors}, {stem(path) for path in tensors}
    numbered = any(has(r"^model[^/]*\.safetensors", path) for path in tensors)

    def twin(path):
        place, name = os.path.split(path)
        if name.startswith("consolidated") and not place and numbered:
            return has(safe, path) or has(torch, path)
        if not has(torch, path):
            return False
        if path.startswith("original/") and tensors:
            return True
        same = has(r"\.bin(\.index\.json)?$", path) or stem(path) in stems or has(r"^(pytorch_)?model\b", name)
        return place in places and same

    chosen = [path for path in native if not twin(path)]
    if any(has(safe, path) or has(torch, path) for path in chosen):
        return chosen
    form = next((one for one in others if any(has(one, path) for path in paths)), None)
    return paths if form is None else [path for path in paths if path in native or has(form, path)]


def select(model, paths):
    patterns = [one + "*" if one.endswith("/") else one for one in model.get("files") or []]
    for pattern in patterns:
        if not fnmatch.filter(paths, pattern):
            raise Refused("no file of %s matches %s" % (model["id"], pattern))
    chosen = [path for path in paths if any(fnmatch.fnmatchcase(path, one) for one in patterns)]
    chosen = chosen if patterns else usual(paths)
    if not chosen:
        raise Refused("%s has no files at %s" % (model["id"], model["revision"]))
    return chosen


def fresh(digest, size):
    """A file's hash as the hub names it: SHA-256 of large ones, git's own of the others."""
    return hashlib.sha256() if len(digest) == 64 else hashlib.sha1(b"blob %d\0" % size)


def hashed(path, state):
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            state.update(piece)
    return state


def fetch(url, blob, size, digest, step):
    """Brings one file in its place, from where an earlier run stopped."""
    part = blob + ".incomplete"
    if os.path.exists(blob):
        if os.path.getsize(blob) == size and hashed(blob, fresh(digest, size)).hexdigest() == digest:
            return step(size)
        os.remove(blob)
    for second in (False, True):
        at = os.path.getsize(part) if os.path.exists(part) else 0
        if at > size:
            os.remove(part)
            at = 0
        state = hashed(part, fresh(digest, size)) if at else fresh(digest, size)
        step(at)
        stuck = 0
        with open(part, "ab") as file:
            while at < size:
                began = at
                try:
                    with ask(url, at) as answer:
                        if at and answer.status != 206:
                            # Who knows no ranges sends the whole file.
                            file.truncate(0)
                            step(-at)
                            state, at = fresh(digest, size), 0
                        while piece := answer.read(min(PIECE, size - at)):
                            file.write(piece)
                            state.update(piece)
                            at += len(piece)
                            step(len(piece))
                except (OSError, http.client.HTTPException):
                    pass
                # Who got further is not stuck.
                stuck = 0 if at > began else stuck + 1
                if stuck == TRIES:
                    raise Refused("%s: the answer ends after %d of %d bytes" % (url, at, size))
                if at < size:
                    file.flush()
                    time.sleep(0.5 * 2**stuck)
            file.flush()
            os.fsync(file.fileno())
        if state.hexdigest() == digest:
            return os.replace(part, blob)
        os.remove(part)
        step(-at)
        # What an earlier run left may have been the trouble.
        if second:
            raise Refused("%s has another hash than the hub says: %s, not %s" % (url, state.hexdigest(), digest))


def put(path, write):
    """Makes a file or a link under its name at once."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    draft = path + ".draft"
    if os.path.lexists(draft):
        os.remove(draft)
    write(draft)
    os.replace(draft, path)


def fill(index, model):
    name = "%s@%s" % (model["id"], model["revision"])
    files = listed(model)
    chosen = select(model, list(files))
    folder = os.path.join(ROOT, "models--" + model["id"].replace("/", "--"))
    snapshot = os.path.join(folder, "snapshots", model["revision"])
    os.makedirs(os.path.join(folder, "blobs"), exist_ok=True)
    total, received, told = sum(files[path][0] for path in chosen), 0, 0.0

    def step(bytes):
        nonlocal received, told
        received += bytes
        if time.monotonic() - told > 2:
            told = time.monotonic()
            tell(index=index, model=name, received=received, total=total)

    for path in chosen:
        size, digest = files[path]
        url = "%s/%s/resolve/%s/%s" % (HUB, model["id"], model["revision"], urllib.parse.quote(path))
        fetch(url, os.path.join(folder, "blobs", digest), size, digest, step)
    for path in chosen:
        if re.search(r"\.(safetensors|bin)\.index\.json$", path):
            with open(os.path.join(folder, "blobs", files[path][1])) as index:
                for part in set(json.load(index).get("weight_map", {}).values()):
                    if os.path.join(os.path.dirname(path), part) not in chosen:
                        raise Refused("%s of %s needs %s, which is not among its files" % (path, model["id"], part))
    # Nobody sees a snapshot before every file of it is there.
    for path in chosen:
        up = "../" * (path.count("/") + 2)
        put(os.path.join(snapshot, path), lambda draft: os.symlink(up + "blobs/" + files[path][1], draft))
    if model.get("ref"):

        def write(draft):
            with open(draft, "w") as file:
                file.write(model["revision"])

        put(os.path.join(folder, "refs", model["ref"]), write)
    tell(index=index, model=name, received=total, total=total, proved=len(chosen))


if __name__ == "__main__":
    os.umask(0o022)
    try:
        for place, wanted in enumerate(json.loads(os.environ["RAMPART_MODELS"])):
            fill(place, wanted)
    except (Refused, OSError) as error:
        print("rampart-cache failed: %s" % error, flush=True)
        sys.exit(1)
