"""What is said of a request that came to nothing: where to, what came, what to do."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

SHOWN = 2000
"""Most characters of an answer that an error message quotes."""

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def shown(url: str) -> str:
    """An address without what may be secret in it: user, password, query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))
    except ValueError:
        return "the service"


def reason(error: Exception, url: str, ever: bool) -> str:
    """Why there is no answer.

    Args:
        error: What requests, or urllib3 below it, says.
        url: Where the request went.
        ever: Whether there was an answer before.
    """
    scheme, host = url.partition(":")[0], shown(url).split("/")[2:3]
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", None) or cause
    if isinstance(error, requests.exceptions.SSLError):
        return f"no answer ({_tls(str(cause))})"
    if type(cause).__name__ == "NameResolutionError":
        return f"no answer (there is no host {''.join(host)}: check service.url)"
    if isinstance(error, ValueError):
        return f"that is no address ({error}): check service.url"
    text = f"no answer ({type(error).__name__}: {cause})"
    if isinstance(error, requests.ConnectionError) and scheme == "http" and not ever:
        broken = "Connection aborted" in str(error)
        return text + ("; does it speak https?" if broken else "")
    return text


def _tls(cause: str) -> str:
    if "WRONG_VERSION_NUMBER" in cause or "RECORD_LAYER_FAILURE" in cause:
        return "the server there speaks http and not https: check service.url"
    if "CERTIFICATE_VERIFY_FAILED" in cause:
        why = cause.partition("failed: ")[2].partition(" (_ssl")[0]
        return (
            f"its certificate is not trusted: {why}. REQUESTS_CA_BUNDLE may name a file "
            "of certificates that are"
        )
    return f"no encrypted connection: {cause}"


def page(answer: requests.Response) -> str | None:
    """What a web page is called that came in the place of an answer; None for no page."""
    text = answer.text.lstrip()
    if "html" not in answer.headers.get("Content-Type", "") and text[:1] != "<":
        return None
    title = _TITLE.search(text)
    name = " ".join(title[1].split())[:100] if title else ""
    return (
        f"a web page{f' ({name!r})' if name else ''} and no answer of the service's: "
        "check service.url, and proxies on the way"
    )


def problems(answer: requests.Response) -> list[dict[str, Any]]:
    """What the service says is wrong, in either of its two forms."""
    try:
        content = answer.json()
    except ValueError:
        return []
    if not isinstance(content, dict):
        return []
    found = content.get("errors", [content.get("error")])
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, dict)]


def codes(answer: requests.Response) -> frozenset[str]:
    """The service's own codes of what is wrong, as text."""
    return frozenset(str(one["code"]) for one in problems(answer) if "code" in one)


def words(answer: requests.Response) -> str:
    """The status, and what the service says to it: its words, code and solution."""
    head = f"{answer.status_code} {answer.reason or ''}".strip()
    said = [_sentence(one) for one in problems(answer)]
    text = " ".join(said) or _elsewhere(answer) or page(answer) or answer.text.strip()
    return f"{head}. {clipped(text)}".strip()


def _elsewhere(answer: requests.Response) -> str:
    where = answer.headers.get("Location")
    if not 300 <= answer.status_code < 400 or not where:
        return ""
    return f"It points to {shown(where)}; the token is not sent on: check service.url"


def _sentence(problem: dict[str, Any]) -> str:
    message, solution = problem.get("message", ""), problem.get("solution")
    code = f" (code {problem['code']})" if "code" in problem else ""
    text = f"{str(message).rstrip('.')}{code}."
    return f"{text} {solution}" if solution else text


def clipped(text: str) -> str:
    """A text without its beginning where it is long: the point of a traceback is last."""
    return text if len(text) <= SHOWN else f"… {text[-SHOWN:]}"
