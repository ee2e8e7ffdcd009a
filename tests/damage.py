"""How tests damage model directories."""

import hashlib
import json

from textrnn import storage


def replace(path, content):
    """Writes a new file, whatever else the old one was linked to."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def reseal(directory, **changes):
    """Changes a manifest and makes its checksum agree, as an attacker would."""
    path = directory / "manifest.json"
    manifest = {**json.loads(path.read_text()), **changes}
    manifest["checksum"] = storage.checksum(manifest)
    replace(path, json.dumps(manifest).encode())


def rewrite(directory, name, content):
    """Replaces a file of a model and makes the manifest agree with it."""
    replace(directory / name, content)
    files = json.loads((directory / "manifest.json").read_text())["files"]
    files[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    reseal(directory, files=files)
