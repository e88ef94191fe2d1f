"""Our signatures beside those of botocore's signer, and the example that AWS has published."""

import string
from datetime import UTC, datetime
from urllib.parse import quote

from botocore.auth import SigV4Auth as BotocoreSigner  # type: ignore[import-untyped] # botocore has no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped] # as above
from botocore.credentials import Credentials  # type: ignore[import-untyped] # as above
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.email.sigv4 import AwsKey, Scope, authorization

EXAMPLE = AwsKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

_words = st.text(min_size=1, max_size=12).filter(lambda text: text not in (".", "..") and text.isprintable())
_encoded = _words.map(lambda text: quote(text, safe=""))
_tokens = st.text(string.ascii_letters + string.digits + "+/=", min_size=1, max_size=40)
_values = st.text(string.ascii_letters + string.digits + " ,;=/\"'", max_size=30)
_names = st.text(string.ascii_lowercase, min_size=1, max_size=10).map(lambda text: f"x-{text}")
_times = st.datetimes(datetime(2015, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is beside them


def test_example_that_aws_has_published() -> None:
    signed = authorization(
        EXAMPLE,
        Scope("us-east-1", "service"),
        method="GET",
        path="/",
        query="",
        headers={"Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z"},
        body=b"",
    )

    assert signed == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


@settings(max_examples=400)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    segments=st.lists(_encoded, max_size=4),
    slash=st.booleans(),
    query=st.lists(st.tuples(_encoded, _encoded), max_size=5),
    headers=st.dictionaries(_names, _values, max_size=4),
    body=st.binary(max_size=200),
    token=st.none() | _tokens,
    at=_times,
)
def test_signature_is_that_of_botocore(
    method: str,
    segments: list[str],
    slash: bool,
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
    token: str | None,
    at: datetime,
) -> None:
    path = "/" + "/".join(segments) + ("/" if slash and segments else "")
    joined = "&".join(f"{name}={value}" for name, value in query)
    ours = {**headers, "host": "email.ap-south-1.amazonaws.com", "x-amz-date": at.strftime("%Y%m%dT%H%M%SZ")}
    if token is not None:
        ours["x-amz-security-token"] = token
    theirs = AWSRequest(method, f"https://email.ap-south-1.amazonaws.com{path}?{joined}", headers=ours, data=body)
    theirs.context["timestamp"] = ours["x-amz-date"]
    signer = BotocoreSigner(Credentials("AKIA", "secret+/key", token), "ses", "ap-south-1")
    to_sign = signer.string_to_sign(theirs, signer.canonical_request(theirs))

    signed = authorization(
        AwsKey("AKIA", "secret+/key", token),
        Scope("ap-south-1", "ses"),
        method=method,
        path=path,
        query=joined,
        headers=ours,
        body=body,
    )

    assert signed == (
        f"AWS4-HMAC-SHA256 Credential=AKIA/{signer.credential_scope(theirs)}, "
        f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(theirs))}, Signature={signer.signature(to_sign, theirs)}"
    )


def test_key_does_not_show_its_secrets() -> None:
    assert repr(AwsKey("AKIA", "secret", "token")) == "AwsKey(id='AKIA')"
