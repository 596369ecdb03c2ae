"""Checks Kubernetes manifests against the schemas of their kinds, as strictly as an API server with
`fieldValidation=Strict` would, and prints them as one JSON array.

    check.py CACHE FOLDER...

The schemas come from the Go modules below, which stay in the folder CACHE. Rules in CEL (`x-kubernetes-validations`) are
not evaluated.
"""

import json
import os
import pathlib
import subprocess
import sys

import jsonschema
import yaml

# The modules, and where in them the CustomResourceDefinitions are.
MODULES = {
    "istio.io/api@v1.32.0": "kubernetes",
    "github.com/envoyproxy/gateway@v1.9.1": "charts/gateway-helm/charts/crds/crds",
}


def definitions(cache):
    """The files with CustomResourceDefinitions."""
    go = pathlib.Path(sys.executable).with_name("go")
    # The cache can be removed like any folder, and no other Go is fetched.
    environment = os.environ | {"GOMODCACHE": cache, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-modcacherw"}
    command = [go, "mod", "download", "-json", *MODULES]
    done = subprocess.run(command, env=environment, cwd="/", stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"go mod download: {done.stdout}")
    decoder, rest = json.JSONDecoder(), done.stdout.lstrip()
    while rest:
        module, end = decoder.raw_decode(rest)
        rest = rest[end:].lstrip()
        folder = pathlib.Path(module["Dir"]) / MODULES[f"{module['Path']}@{module['Version']}"]
        yield from folder.rglob("*.yaml")


def documents(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.load_all(file, yaml.CSafeLoader) if document is not None]


def schemas(paths):
    """The schema of each (group/version, kind)."""
    found = {}
    for path in paths:
        for definition in documents(path):
            if definition.get("kind") != "CustomResourceDefinition":
                continue
            spec = definition["spec"]
            for version in spec["versions"]:
                key = f"{spec['group']}/{version['name']}", spec["names"]["kind"]
                found[key] = strict(version["schema"]["openAPIV3Schema"])
    return found


def strict(schema, top=True):
    """The JSON schema that a structural schema of Kubernetes means, with unknown fields refused."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    result = {key: value for key, value in schema.items() if not key.startswith("x-") and key != "nullable"}
    if "properties" in schema:
        result["properties"] = {name: strict(part, False) for name, part in schema["properties"].items()}
        if top:
            for name in ("apiVersion", "kind", "metadata"):
                result["properties"].setdefault(name, {})
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            result["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        result["additionalProperties"] = strict(schema["additionalProperties"], False)
    if "items" in schema:
        result["items"] = strict(schema["items"], False)
    if schema.get("nullable"):
        return {"anyOf": [result, {"type": "null"}]}
    return result


def problems(path, document, known):
    kind = document.get("apiVersion"), document.get("kind")
    if kind not in known:
        return [f"{path}: no schema for {kind[1]} of {kind[0]}"]
    errors = jsonschema.Draft202012Validator(known[kind]).iter_errors(document)
    return [f"{path}: {document['metadata']['name']}: {error.json_path}: {error.message}" for error in errors]


def main():
    cache, *folders = sys.argv[1:]
    known = schemas(definitions(os.path.abspath(cache)))
    manifests, wrong = [], []
    for folder in folders:
        for path in sorted(pathlib.Path(folder).glob("*.yaml")):
            for document in documents(path):
                manifests.append(document)
                wrong += problems(path, document, known)
    if wrong:
        sys.exit("\n".join(wrong))
    json.dump(manifests, sys.stdout)


main()
