"""Runs the steps of test/interop/scenarios.json: reads one line of JSON for each step, and writes one line with its result.

Values travel as JSON texts, so that no number is rounded on the way.

Usage: runner.py MODE ADDRESS SECONDS [FILE]

MODE is one of modes.MODES, SECONDS the time limit of a call, and FILE has an API token. The environment variable CACHE is the
size of a cache in bytes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2
from load import Load
from modes import connect
from session_sidecar import Session, SessionClient, SessionError, SubjectSessions, TaggedJsonCodec
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from session_sidecar_proto.session.v1.session_service_pb2_grpc import SessionServiceStub

Step = dict[str, Any]


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def nothing(_: Any) -> None:
    """Discard the result of an operation that has none in the other languages."""


def optional(session: Session, key: str, read: Callable[[str], Any]) -> str | None:
    return text(read(key)) if key in session else None


def delete(session: Session, key: str) -> bool:
    found = key in session
    session.pop(key, None)
    return found


def milliseconds(when: datetime | None) -> int | None:
    return None if when is None else round(when.timestamp() * 1000)


def describe(session: Session) -> dict[str, Any]:
    return {
        "origin": session.origin,
        "isNew": session.is_new,
        "token": session.token or "",
        "handle": session.handle or "",
        "version": session.version,
        "subject": session.subject or "",
        "label": session.label or "",
        "hasChanges": session.has_changes,
        "created": milliseconds(session.created),
        "expires": milliseconds(session.expires),
    }


TAGGED_JSON = TaggedJsonCodec()
TAGGED: dict[str, Any] = {
    "date": date(2026, 11, 26),
    "nested": {"seen": {(1, Decimal("1.10")), UUID(int=7)}, "counts": {7: "seven"}},
    "like a tag": {"$type": "date", "value": "2026-11-26"},
}
"""Values that TaggedJsonCodec keeps, by key."""

OPERATIONS: dict[str, Callable[[Session, Step], Any]] = {
    "get": lambda session, step: optional(session, step["key"], session.get),
    "pop": lambda session, step: optional(session, step["key"], session.pop),
    "has": lambda session, step: step["key"] in session,
    "keys": lambda session, _: sorted(session),
    "order": lambda session, _: list(session),
    "setTagged": lambda session, step: session.__setitem__(step["key"], TAGGED[step["key"]]),
    "hasTagged": lambda session, step: (
        session[step["key"]] == TAGGED[step["key"]] and type(session[step["key"]]) is type(TAGGED[step["key"]])
    ),
    "set": lambda session, step: session.__setitem__(step["key"], json.loads(step["value"])),
    "setDefault": lambda session, step: nothing(session.setdefault(step["key"], json.loads(step["value"]))),
    "delete": lambda session, step: delete(session, step["key"]),
    "clear": lambda session, _: session.clear(),
    "appendInside": lambda session, step: session[step["key"]].append(json.loads(step["value"])),
    "transformAppend": lambda session, step: nothing(
        session.transform(step["key"], lambda before: [*(before or []), json.loads(step["value"])])
    ),
    "flash": lambda session, step: session.flash(
        json.loads(step["value"]), step.get("queue", ""), allow_duplicate=not step.get("unique", False)
    ),
    "peekFlash": lambda session, step: [text(message) for message in session.peek_flash(step.get("queue", ""))],
    "popFlash": lambda session, step: [text(message) for message in session.pop_flash(step.get("queue", ""))],
    "popFlashAndSave": lambda session, step: [text(message) for message in session.pop_flash_and_save(step.get("queue", ""))],
    "csrfToken": lambda session, _: session.csrf_token(),
    "newCsrfToken": lambda session, _: session.new_csrf_token(),
    "checkCsrfToken": lambda session, step: session.check_csrf_token(step.get("token")),
    "setIdleTimeout": lambda session, step: session.set_idle_timeout(
        timedelta(seconds=step["seconds"]) if "seconds" in step else None
    ),
    "setSubject": lambda session, step: setattr(session, "subject", step["value"]),
    "setLabel": lambda session, step: setattr(session, "label", step["value"]),
    "belongTo": lambda session, step: setattr(session, "subject", step["id"]),
    "save": lambda session, _: session.save(),
    "saveUnlessChanged": lambda session, _: session.save(on_conflict="fail"),
    "regenerate": lambda session, _: session.regenerate(),
    "regenerateWithGrace": lambda session, step: session.regenerate(grace=step["seconds"]),
    "regenerateOrCreate": lambda session, _: session.regenerate(or_create=True),
    "invalidate": lambda session, _: session.invalidate(),
    "describe": lambda session, _: describe(session),
}


def devices(subject: SubjectSessions, session: Session, _: Step) -> list[dict[str, Any]]:
    found = [
        {"label": each.label or "", "isCurrent": each.is_current, "version": each.version, "keys": sorted(each.data or ())}
        for each in subject.list(current=session, include_data=True, page_size=2)
    ]
    return sorted(found, key=lambda each: str(each["label"]))


SUBJECT_OPERATIONS: dict[str, Callable[[SubjectSessions, Session, Step], Any]] = {
    "devices": devices,
    "endOne": lambda subject, _, step: subject.invalidate(
        next(each.handle for each in subject.list() if each.label == step["value"])
    ),
    "endOthers": lambda subject, session, _: subject.invalidate_all(except_current=session),
    "endAll": lambda subject, *_: subject.invalidate_all(),
}


def lock(client: SessionClient, token: str, step: Step) -> None:
    """Set a key under a lock; "lockTooLong" only after another holder has been let in.

    seconds: how long to wait for the lease.
    """
    is_too_long = step["op"] == "lockTooLong"
    with client.lock(token, wait=step.get("seconds", 20), **({"lease": 0.1} if is_too_long else {})) as session:
        if is_too_long:
            with client.lock(token, wait=20):
                pass
        session[step["key"]] = json.loads(step["value"])


def call(stub: SessionServiceStub, step: Step) -> Any:
    """Make a call with the generated stub, without the client."""
    request = json_format.Parse(step["request"], getattr(api, f"{step['rpc']}Request")())
    return json_format.MessageToDict(getattr(stub, step["rpc"])(request, timeout=20))


def describe_failure(error: grpc.RpcError) -> dict[str, Any]:
    description: dict[str, Any] = {"grpc": error.code().value[0]}
    status = status_pb2.Status()
    status.ParseFromString(dict(error.trailing_metadata()).get("grpc-status-details-bin", b""))
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        if detail.Unpack(info):
            description |= {"reason": info.reason, "domain": info.domain, "metadata": dict(info.metadata)}
        if detail.Unpack(request):
            description["violations"] = {each.field: each.description for each in request.field_violations}
    return description


def main(mode: str, address: str, seconds: str, api_token_file: str | None = None) -> None:
    sessions: dict[str, Session] = {}
    stub = SessionServiceStub(grpc.insecure_channel(address))
    cache_bytes = int(os.environ["CACHE"]) if "CACHE" in os.environ else None
    options: dict[str, Any] = {"timeout": float(seconds), "api_token_file": api_token_file, "cache_bytes": cache_bytes}
    with connect(mode, address, **options) as client, connect(mode, address, codec=TAGGED_JSON, **options) as tagged:
        for line in sys.stdin:
            step = json.loads(line)
            answer: dict[str, Any]
            try:
                if step["op"] == "open":
                    sessions[step["actor"]] = client.open(step.get("token"))
                    answer = {"result": None}
                elif step["op"] == "openTagged":
                    sessions[step["actor"]] = tagged.open(step.get("token"))
                    answer = {"result": None}
                elif step["op"] == "openById":
                    sessions[step["actor"]] = client.open_by_id(step["id"])
                    answer = {"result": None}
                elif step["op"] == "createWithId":
                    sessions[step["actor"]] = client.create(id=step["id"])
                    answer = {"result": None}
                elif step["op"] in ("lockAndSet", "lockTooLong"):
                    lock(client, sessions[step["actor"]].token or "", step)
                    answer = {"result": None}
                elif step["op"] == "call":
                    answer = {"result": call(stub, step)}
                elif step["op"] == "cacheStats":
                    answer = {"result": client.cache_stats._asdict()}
                elif step["op"] == "startLoad":
                    load = Load(mode, address, step["workers"])
                    answer = {"result": None}
                elif step["op"] == "load":
                    answer = {"result": load.report()}
                elif step["op"] == "stopLoad":
                    answer = {"result": load.stop()}
                elif step["op"] in SUBJECT_OPERATIONS:
                    subject = client.for_subject(step["id"])
                    answer = {"result": SUBJECT_OPERATIONS[step["op"]](subject, sessions[step["actor"]], step)}
                else:
                    answer = {"result": OPERATIONS[step["op"]](sessions[step["actor"]], step)}
            except SessionError as error:
                retry_after = round((error.retry_after or 0) * 1000)
                answer = {"error": {name: getattr(error, name) for name in ("code", "status", "metadata", "violations")}}
                answer["error"] |= {"retryAfterMs": retry_after, "message": str(error)}
            except (TypeError, ValueError) as error:
                answer = {"error": {"code": "USAGE", "message": str(error)}}
            except grpc.RpcError as error:
                answer = {"error": describe_failure(error)}
            print(json.dumps(answer), flush=True)


main(*sys.argv[1:])
