"""What every refusal of the service must look like, whatever the request was.

Schemathesis knows statuses; these checks know the problems that bodies carry. `crates/api/src/http/status.rs` is where
they are declared.
"""

import json
import re
import zlib

import schemathesis

# Refusals of a request that fits its description, because of what no schema can say: how far the ledger is, which
# cursors a list gave, which commands the rules let pass, what the name in an address means.
OF_THE_STATE = {"BAD_CURSOR", "KEY_DIFFERS", "SEQ_AHEAD", "SEQ_TOO_OLD", "WEBHOOK_REFUSED"}


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Lets most commands that fit go as far as the rules: an id that is made up is too old or ahead of the clock, and two
    ids of one command differ."""
    if case.operation.definition.raw.get("operationId") != "send_command" or not isinstance(case.body, dict):
        return
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if zlib.crc32(json.dumps(case.body, sort_keys=True).encode()) % 8 != 0:
        case.body.pop("id", None)
        case.headers.pop("Idempotency-Key", None)


def beyond_a_schema(told):
    """Whether a body can't be read for what JSON Schema has no words for."""
    return told["code"] == "MALFORMED" and (
        # JSON Schema counts 7.0 as a whole number; the reader of commands wants digits.
        (told["detail"].find("not a whole number") >= 0 and told["got"].endswith(".0"))
        # A pattern of ten digits goes further than 32 bits, one of 39 digits further than 128; that of a span further than
        # 64 bits of milliseconds.
        or re.search(r"not a span, got \"[0-9]{12,20}(ms|s|m|h|d)\"", told["detail"])
        or re.search(r"got \"[a-z]+_[0-9]{10}\"", told["detail"])
        or re.search(r"got \"-?[0-9]{39}\"", told["detail"])
    )


# Links that schemathesis infers by itself hand on the `id` of what a list holds, which is its handle. Paths take names, and
# the schema of names leaves handles out: such a request does not fit, though it counts as one that does.
HANDLE = re.compile(r"(asset|acct|farm|fund|market|reserve|tranche|vault)_[0-9]+")


def problem(response):
    """The body of a refusal."""
    kind = response.headers.get("content-type", [""])[0]
    if kind != "application/problem+json":
        raise AssertionError(f"a refusal with the content type {kind!r}")
    return json.loads(response.content)


@schemathesis.check
def refusals_are_problems(ctx, response, case):
    """A refusal is a problem that repeats its status, and has the headers that its status needs."""
    if response.status_code < 400:
        return
    if case.method == "HEAD":
        return
    told = problem(response)
    if told["status"] != response.status_code:
        raise AssertionError(f"the problem says {told['status']}")
    for status, header in [(401, "www-authenticate"), (405, "allow"), (429, "retry-after"), (503, "retry-after")]:
        if response.status_code == status and header not in response.headers:
            raise AssertionError(f"{status} without {header}")
    if not told["hint"] or not told["detail"]:
        raise AssertionError("a problem that says nothing")


@schemathesis.check
def what_fits_is_refused_by_the_state_only(ctx, response, case):
    """A request that fits its description is refused by the ledger's rules and state, never as unreadable.

    Stands in for `positive_data_acceptance`, which can't tell a 422 of a rule from one of a reader.
    """
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code < 400:
        return
    # The coverage phase also tries methods that are not there.
    if response.status_code == 405 or response.status_code >= 500:
        return
    told = problem(response)
    if told["number"] is not None or response.status_code in (401, 403, 404) or told["code"] in OF_THE_STATE:
        return
    if beyond_a_schema(told) or (told["code"] == "BAD_PARAMETER" and HANDLE.fullmatch(told["got"] or "")):
        return
    raise AssertionError(f"{told['code']}: {told['detail']} {told['errors']}")
