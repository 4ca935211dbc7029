"""Renders a kustomization without kubectl, which not every distribution has.

Knows what the files in deploy/kubernetes use (resources, configMapGenerator with
files, replicas, JSON patches that replace) and refuses everything else, so that
nothing is passed over. Where kubectl is at hand, manifests_test.py sees that both
render the same.
"""

import hashlib
import json
import os

import yaml

_KNOWN = {"apiVersion", "kind", "resources", "configMapGenerator", "replicas", "patches"}


class RenderError(Exception):
    """The kustomization cannot be rendered; the text says why."""


def render(directory):
    """The objects that `kubectl kustomize DIRECTORY` prints, in some order."""
    with open(os.path.join(directory, "kustomization.yaml"), encoding="utf-8") as file:
        wanted = yaml.safe_load(file)
    _refuse_others(wanted, _KNOWN, directory)
    objects = []
    for resource in wanted.get("resources", []):
        path = os.path.join(directory, resource)
        objects += render(path) if os.path.isdir(path) else _load(path)
    for generator in wanted.get("configMapGenerator", []):
        _refuse_others(generator, {"name", "files"}, directory)
        generated = _config_map(generator, directory)
        _rename_config_map(objects, generator["name"], generated["metadata"]["name"])
        objects.append(generated)
    for replicas in wanted.get("replicas", []):
        find(objects, "Deployment", replicas["name"])["spec"]["replicas"] = replicas["count"]
    for patch in wanted.get("patches", []):
        _refuse_others(patch, {"target", "patch"}, directory)
        target = find(objects, patch["target"]["kind"], patch["target"]["name"])
        for operation in yaml.safe_load(patch["patch"]):
            _replace(target, operation)
    return objects


def _refuse_others(mapping, known, where):
    if others := set(mapping) - known:
        raise RenderError(f"{where}: not known to this renderer: {', '.join(sorted(others))}")


def _load(path):
    with open(path, encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


def find(objects, kind, name):
    for candidate in objects:
        if candidate["kind"] == kind and candidate["metadata"]["name"] == name:
            return candidate
    raise RenderError(f"there is no {kind} {name}")


def _replace(target, operation):
    if operation["op"] != "replace":
        raise RenderError(f"not known to this renderer: op {operation['op']}")
    *parents, last = [int(part) if part.isdigit() else part
                      for part in operation["path"].split("/")[1:]]
    for part in parents:
        target = target[part]
    target[last]  # Only what is there can be replaced.
    target[last] = operation["value"]


def _config_map(generator, directory):
    data = {}
    for name in generator["files"]:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            data[os.path.basename(name)] = file.read()
    suffix = _hash(json.dumps({"data": data, "kind": "ConfigMap", "name": ""},
                              separators=(",", ":"), ensure_ascii=False))
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": data,
            "metadata": {"name": f"{generator['name']}-{suffix}"}}


def _hash(text):
    """kustomize's: the first digits of SHA-256, spelt so that they form no words."""
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    digits = hashlib.sha256(text.encode()).hexdigest()[:10]
    return digits.translate(str.maketrans("013ae", "ghkmt"))


def _rename_config_map(objects, old, new):
    for candidate in objects:
        if candidate["kind"] != "Deployment":
            continue
        for volume in candidate["spec"]["template"]["spec"].get("volumes", []):
            if volume.get("configMap", {}).get("name") == old:
                volume["configMap"]["name"] = new
