"""A vendor's OpenAPI 3.0 file as a judge of the requests and answers of a few operations."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import yaml
from jsonschema import Draft202012Validator


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; `path` begins after the server's address."""

    method: str
    path: str
    query: str
    content_type: str
    body: Any
    status: int
    answer: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status}"


@dataclass(frozen=True)
class Operation:
    """One of the file's operations, with what the address says."""

    id: str
    told: Mapping[str, Any]
    in_path: Mapping[str, str]


class OpenApi:
    def __init__(self, file: Path) -> None:
        with file.open(encoding="utf-8") as text:
            self.document = yaml.load(text, Loader=yaml.CSafeLoader)

    def operation(self, method: str, path: str) -> Operation:
        """Return the operation at an address; KeyError where the file has none."""
        for template, item in self.document["paths"].items():
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path)
            if found and method.lower() in item:
                told = item[method.lower()]
                return Operation(told["operationId"], told, found.groupdict())
        raise KeyError(f"{method} {path}")

    def scopes(self, operation: Operation, scheme: str) -> set[str]:
        """Return the scopes that an operation needs under one security scheme."""
        of_scheme = (need[scheme] for need in operation.told["security"] if scheme in need)
        return {scope for scopes in of_scheme for scope in scopes}

    def complaints(self, exchange: Exchange, *, beyond: frozenset[str] = frozenset()) -> list[str]:
        """Return what is wrong with an exchange by the file.

        `beyond` are fields of a request that the file knows in words only.
        """
        operation = self.operation(exchange.method, exchange.path)
        return [
            *self._of_parameters(operation, exchange),
            *self._of_request(operation, exchange, beyond),
            *self._of_answer(operation, exchange),
        ]

    def _of_parameters(self, operation: Operation, exchange: Exchange) -> list[str]:
        given = {("query", name): value for name, value in parse_qsl(exchange.query, True)}
        given |= {("path", name): unquote(value) for name, value in operation.in_path.items()}
        known = {}
        for each in operation.told.get("parameters", ()):
            parameter = self.resolved(each)
            known[parameter["in"], parameter["name"]] = parameter
        wrong = [f"{name} is no parameter" for name in given if name not in known]
        for name, value in given.items():
            if name in known:
                schema = known[name]["schema"]
                wrong += _errors(schema, _typed(value, schema.get("type", "")), str(name))
        return wrong

    def _of_request(
        self, operation: Operation, exchange: Exchange, beyond: frozenset[str]
    ) -> list[str]:
        told = operation.told.get("requestBody")
        if told is None:
            return [] if exchange.body is None else ["a body that nobody asked for"]
        if exchange.content_type not in told["content"]:
            return [f"content type {exchange.content_type!r}"]
        schema = self.resolved(told["content"][exchange.content_type]["schema"])
        body = exchange.body
        if isinstance(body, dict):
            body = {name: value for name, value in body.items() if name not in beyond}
        return self._of_object(schema, body, "request")

    def _of_answer(self, operation: Operation, exchange: Exchange) -> list[str]:
        answers = operation.told["responses"]
        told = answers.get(str(exchange.status)) or answers.get("default")
        if told is None:
            return [f"status {exchange.status} is not known"]
        if "content" not in told:
            return [] if exchange.answer is None else ["an answer where none is known"]
        schema = self.resolved(told["content"]["application/json"]["schema"])
        if exchange.status >= 300:
            # Errors hold more than the file says; people report it.
            return _errors(schema, exchange.answer, "answer")
        return self._of_object(schema, exchange.answer, "answer")

    def _of_object(self, schema: Mapping[str, Any], body: Any, where: str) -> list[str]:
        """Judge an object, in which nothing may be that the file does not know."""
        chosen = self._discriminated(schema, body)
        known = _properties(chosen)
        unknown = set(body) - set(known) if isinstance(body, dict) else set()
        for item in body.get("items", ()) if isinstance(body, dict) else ():
            unknown |= set(item) - set(_properties(known["items"]["items"]))
        return [f"{where}: unknown {name}" for name in unknown] + _errors(chosen, body, where)

    def _discriminated(self, schema: Mapping[str, Any], body: Any) -> Mapping[str, Any]:
        rule = schema.get("discriminator")
        if rule is None or not isinstance(body, dict):
            return schema
        name = body.get(rule["propertyName"])
        return self.resolved({"$ref": rule["mapping"][name]})

    def resolved(self, node: Any) -> Any:
        """Return a part of the file with its references filled in, as plain JSON Schema."""
        if isinstance(node, list):
            return [self.resolved(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            target = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            return self.resolved(target)
        made = {
            name: value if name == "discriminator" else self.resolved(value)
            for name, value in node.items()
        }
        if made.pop("nullable", None) is True and "type" in made:
            made["type"] = [made["type"], "null"]
        return made


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= _properties(part)
    return found


def _errors(schema: Mapping[str, Any], value: Any, where: str) -> list[str]:
    found = Draft202012Validator(schema).iter_errors(value)
    return [f"{where}{list(error.absolute_path)}: {error.message[:200]}" for error in found]


def _typed(text: str, kind: str) -> Any:
    if kind == "integer" and text.isdecimal():
        return int(text)
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text
