"""Checks Kubernetes objects offline: kinds, fields, types, required fields and
enumerated values, against the models of Debian's python3-kubernetes."""

import re

from kubernetes import client

# What the models of an older python3-kubernetes lack and clusters since 1.24 know.
_NEWER_FIELDS = {"V1Probe": {"grpc": "V1GRPCAction"}}
_NEWER_TYPES = {"V1GRPCAction": {"port": "int", "service": "str"}}

_SCALARS = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}


def problems(manifest):
    """What is wrong with an object, a line each; empty when nothing is."""
    api, kind = manifest.get("apiVersion", ""), manifest.get("kind", "")
    version = api.split("/")[-1]
    model = f"{version[:1].upper()}{version[1:]}{kind}"
    if not kind or not hasattr(client, model):
        return [f"there is no {api} {kind}"]
    return list(_check(manifest, model, kind))


def _check(value, wanted, path):
    if match := re.fullmatch(r"list\[(.*)\]", wanted):
        yield from _check_list(value, match.group(1), path)
    elif match := re.fullmatch(r"dict\(str, (.*)\)", wanted):
        yield from _check_map(value, match.group(1), path)
    elif wanted in _SCALARS:
        # A bool is an int in Python, and in no schema.
        fits = isinstance(value, _SCALARS[wanted]) and (wanted == "bool"
                                                        or not isinstance(value, bool))
        if not fits:
            yield f"{path}: {value!r} is no {wanted}"
    elif wanted != "object":
        yield from _check_model(value, wanted, path)


def _check_list(value, wanted, path):
    if not isinstance(value, list):
        yield f"{path}: {value!r} is no list"
        return
    for index, item in enumerate(value):
        yield from _check(item, wanted, f"{path}[{index}]")


def _check_map(value, wanted, path):
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no map"
        return
    for key, item in value.items():
        yield from _check(item, wanted, f"{path}.{key}")


def _check_model(value, model, path):
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no {model}"
        return
    fields = _fields(model)
    for key, item in value.items():
        if key in fields:
            yield from _check(item, fields[key], f"{path}.{key}")
        else:
            yield f"{path}.{key}: there is no such field"
    if hasattr(client, model):
        yield from _check_values(value, getattr(client, model), path)


def _fields(model):
    """Types of a model's fields by their names in YAML."""
    known = getattr(client, model, None)
    if known is None:
        return _NEWER_TYPES[model]
    fields = {known.attribute_map[attribute]: kind
              for attribute, kind in known.openapi_types.items()}
    return {**_NEWER_FIELDS.get(model, {}), **fields}


def _check_values(value, model, path):
    """Required fields and enumerated values, on which the models insist themselves."""
    given = {attribute: value[name] for attribute, name in model.attribute_map.items()
             if name in value}
    try:
        model(**given)
    except ValueError as error:
        yield f"{path}: {error}"
