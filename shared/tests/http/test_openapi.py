import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from item.values()


def test_operations_are_named_by_tag_and_function(document: dict[str, Any]) -> None:
    names = {operation["operationId"] for operation in operations(document)}

    assert {"notes_create", "notes_list_notes", "notes_get", "health_livez"} <= names


def test_every_operation_has_a_summary_and_documents_its_problems(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert operation["summary"]
        assert {"429", "500", "503"} <= set(operation["responses"])
        assert ("401" in operation["responses"]) == ("security" in operation)


def test_a_protected_operation_names_its_scopes(document: dict[str, Any]) -> None:
    assert document["paths"]["/v1/notes"]["get"]["security"] == [{"bearer": ["alerts:read"]}]
    assert "security" not in document["paths"]["/livez"]["get"]


def test_an_endpoints_own_problem_stands_among_the_examples(document: dict[str, Any]) -> None:
    refused = document["paths"]["/v1/notes/{note_id}"]["get"]["responses"]["404"]

    assert list(refused["content"]["application/problem+json"]["examples"]) == ["note_not_found"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(re.findall(r"'\$ref': '#/([^']+)'", str(document))):
        target: Any = document
        for part in reference.split("/"):
            target = target[part]


async def test_the_documentation_needs_nothing_from_elsewhere(anonymous: httpx.AsyncClient) -> None:
    page = await anonymous.get("/docs")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert len(named) == 4
    for address in named:
        assert "//" not in address
        assert (await anonymous.get(f"/{address}")).status_code == 200
    assert (await anonymous.get("/openapi.json")).json()["info"]["title"] == "Waybill alerts"


def test_only_what_is_read_with_if_none_match_may_be_not_modified(document: dict[str, Any]) -> None:
    found = {
        method for path in document["paths"].values() for method, operation in path.items() if "304" in operation["responses"]
    }

    assert found == {"get"}
