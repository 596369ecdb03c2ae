"""Checks Kubernetes manifests against the schemas of their kinds, as strictly as an API server with
`fieldValidation=Strict` would, and prints them as one JSON array.

    check.py FOLDER-OF-MANIFESTS... < paths of files with CustomResourceDefinitions, one a line

Rules in CEL (`x-kubernetes-validations`) are not evaluated.
"""

import json
import pathlib
import sys

import jsonschema
import yaml


def documents(path):
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document is not None]


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
    known = schemas(line.strip() for line in sys.stdin)
    manifests, wrong = [], []
    for folder in sys.argv[1:]:
        for path in sorted(pathlib.Path(folder).glob("*.yaml")):
            for document in documents(path):
                manifests.append({"file": path.name, "manifest": document})
                wrong += problems(path, document, known)
    if wrong:
        sys.exit("\n".join(wrong))
    json.dump(manifests, sys.stdout)


main()
