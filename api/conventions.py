"""What the routes of ``/api/v1`` share: views, pages of a list, entity tags.

A list is always ``items`` and ``next``; ``next`` is the cursor of the following page, null on the last one.  What may
be changed by several people carries an ``ETag``: sent back as ``If-Match``, it keeps one from undoing another's change.
A command's ``key``, which makes it safe to send again, may stand in the header ``Idempotency-Key`` as well.
"""

import json
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeVar

from litestar import Request, Response
from litestar.exceptions import SerializationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, HeaderParameter, QueryParameter
from pydantic import BaseModel, ConfigDict, Field

from erp.base.errors import Conflict, RuleViolated

API = "/api/v1"
BOOKS = API + "/organisations/{organisation_id:int}"

Organisation = FromPath[int]
Cursor = Annotated[str | None, QueryParameter(description="`next` of the page before.", max_length=200)]
Limit = Annotated[int, QueryParameter(description="Rows a page.", ge=1, le=500)]
IfMatch = Annotated[
    str | None,
    HeaderParameter(name="If-Match", description="The `ETag` of what was read: refused where it has changed since."),
]
Amount = Annotated[str, Field(description="Tenge as a decimal string.", examples=["1234.56"])]
Number = Annotated[str, Field(description="A decimal string.", examples=["12.5"])]


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


Row = TypeVar("Row")
Shown = TypeVar("Shown", bound=BaseModel)


class Page(View, Generic[Row]):
    """One page of a list."""

    items: list[Row]
    next: str | None = Field(None, description="`cursor` of the following page; null on the last one.", examples=[None])


class ChangedMeanwhile(Conflict):
    code = "changed-meanwhile"
    template = (
        "Somebody has changed this since you read it. Read it again, and repeat your change on what is there now."
    )


class TagMissing(RuleViolated):
    code = "tag-missing"
    template = "Say in If-Match which state you change: the ETag that came with what you read."


class FormNotTaken(RuleViolated):
    code = "form-not-taken"
    template = (
        "This address takes no form of several parts (multipart/form-data)."
        " Send the command as JSON, or the file itself as the body: curl --data-binary @FILE."
    )


class KeysDiffer(RuleViolated):
    code = "keys-differ"
    template = "Idempotency-Key and the key in the body are not the same. Send one of them."


class ParameterUnknown(RuleViolated):
    code = "parameter-unknown"
    template = "This address takes no parameter “{name}”. What it takes: {known}."


class NoParameters(RuleViolated):
    code = "no-parameters"
    template = "This address takes no parameters, and “{name}” was sent."


class BodyUnexpected(RuleViolated):
    code = "body-unexpected"
    template = "This address takes no body, and one was sent: nothing was done. Send the request without one."


def tag_of(view: BaseModel) -> str:
    """The entity tag of what a view says: the same for the same content."""
    content = json.dumps(view.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return f'"{sha256(content.encode()).hexdigest()[:32]}"'


def tagged(request: Request[Any, Any, Any], view: Shown) -> Response[Shown]:
    """The view with its ``ETag``; 304 without a body where the caller has it already (``If-None-Match``)."""
    tag = tag_of(view)
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(None, status_code=304, headers={"ETag": tag})  # type: ignore[arg-type]
    return Response(view, headers={"ETag": tag})


def require_match(if_match: str | None, current: BaseModel) -> None:
    """Let a change of ``current`` pass; ``*`` is any state.  Raises: ChangedMeanwhile, for another state."""
    if if_match is not None and not {tag_of(current), "*"} & _tags(if_match):
        raise ChangedMeanwhile()


def require_tag(if_match: str | None) -> set[str]:
    """The states that the caller has seen, where they must say it; ``*`` says nothing.  Raises: TagMissing."""
    tags = _tags(if_match or "") - {""}
    if not tags or "*" in tags:
        raise TagMissing()
    return tags


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def keyed(handler: HTTPRouteHandler) -> bool:
    """Whether the route takes a command with a key."""
    command = handler.parsed_fn_signature.parameters.get("data")
    return command is not None and "key" in getattr(command.annotation, "model_fields", {})


def version_seen(if_match: str | None) -> int:
    """The version that the caller has seen.  Raises: TagMissing; ChangedMeanwhile for what is no version."""
    tags = require_tag(if_match)
    bare = tags.pop().strip('"')
    if tags or not (bare.isascii() and bare.isdecimal() and len(bare) < 10):
        raise ChangedMeanwhile()
    return int(bare)


async def look_at(request: Request[Any, Any, Any]) -> None:
    """What every route of the API asks of a request before it is read.

    Raises: ParameterUnknown, NoParameters, BodyUnexpected, KeysDiffer.
    """
    if request.url.path.startswith(API):
        _refuse_unknown(request)
        await _refuse_body(request)
        await _take_key(request)


def _refuse_unknown(request: Request[Any, Any, Any]) -> None:
    """A filter that is misspelt must not answer as if it had been left out."""
    sent = request.query_params.keys()
    path = sent and (request.app.openapi_schema.paths or {}).get(request.scope["path_template"])
    operation = path and getattr(path, request.method.lower())
    if not operation:
        return
    known = [each.name for each in operation.parameters or () if each.param_in == "query"]
    for name in sent - set(known):
        raise ParameterUnknown(name=name, known=", ".join(known)) if known else NoParameters(name=name)


async def _refuse_body(request: Request[Any, Any, Any]) -> None:
    """What is not read must not seem to be obeyed; an empty object, or ``null``, says nothing."""
    headers, taken = request.headers, request.route_handler.parsed_fn_signature.parameters
    is_sent = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    said = b"".join((await request.body()).split()) if is_sent and taken.keys().isdisjoint({"data", "body"}) else b""
    if said not in (b"", b"{}", b"null"):
        raise BodyUnexpected()


async def _take_key(request: Request[Any, Any, Any]) -> None:
    """Enter the key of the header into the command.  Raises: KeysDiffer."""
    key = request.headers.get("idempotency-key")
    if key is None or not keyed(request.route_handler):
        return
    try:
        command = await request.json()
    except SerializationException:
        return  # refused where the command is read
    if isinstance(command, dict) and str(command.setdefault("key", key)).lower() != key.lower():
        raise KeysDiffer()
