"""Which base URLs are allowed, and how they are normalized."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moonshot_status.api import base_url
from moonshot_status.api.base_url import is_loopback, normalize_base_url, official_base_url
from moonshot_status.core import causes
from moonshot_status.core.errors import Cause, Kind, Problem, ProblemError
from moonshot_status.core.regions import Region

REGIONS = list(Region)
PASSWORD = "canary-password"


def refusal(written: str, region: Region = Region.INTERNATIONAL) -> Problem:
    with pytest.raises(ProblemError) as caught:
        normalize_base_url(written, region, "MOONSHOT_BASE_URL")
    problem = caught.value.problem
    assert problem.kind is Kind.CONFIG
    assert "MOONSHOT_BASE_URL" in problem.message
    return problem


def refused(written: str, region: Region = Region.INTERNATIONAL) -> str:
    """Return the sentences about a URL that is refused."""
    problem = refusal(written, region)
    return f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("written", "cause"),
    [
        ("https://exa mple.org", causes.URL_CHARACTERS),
        ("https://example.org\\v1", causes.URL_CHARACTERS),
        ("https://ex\u00e4mple.org", causes.URL_CHARACTERS),
        ("", causes.URL_CHARACTERS),
        ("https://example.org:65536", causes.URL_INVALID),
        ("https://[::1", causes.URL_INVALID),
        ("https://@example.org", causes.URL_CREDENTIALS),
        ("https://me:word@example.org", causes.URL_CREDENTIALS),
        ("https://example.org/v1?a=b", causes.URL_QUERY),
        ("https://example.org/v1#a", causes.URL_QUERY),
        ("https://example.org?", causes.URL_QUERY),
        ("https://example.org#", causes.URL_QUERY),
        ("https://", causes.URL_INCOMPLETE),
        ("https://example.org:0", causes.URL_INCOMPLETE),
        ("https://example.org/^", causes.URL_INCOMPLETE),
        ("https://-example.org", causes.URL_INCOMPLETE),
        ("https://example-.org", causes.URL_INCOMPLETE),
        ("ftp://example.org", causes.URL_NOT_ENCRYPTED),
        ("http://example.org", causes.URL_NOT_ENCRYPTED),
        ("https://api.moonshot.cn", causes.URL_OTHER_REGION),
        ("https://api.moonshot.cn/anthropic", causes.URL_OTHER_REGION),
        ("https://api.moonshot.ai/anthropic", causes.URL_OTHER_API),
    ],
)
def test_a_refusal_has_its_cause(written: str, cause: Cause) -> None:
    assert refusal(written).cause is cause


def test_brackets_are_for_ipv6() -> None:
    refused("https://[127.0.0.1]")
    refused("http://[127.0.0.1]:8080")
    # New versions of Python refuse the URLs above themselves.
    assert base_url._is_ipv6("::1")
    assert not base_url._is_ipv6("127.0.0.1")
    assert not base_url._is_ipv6("fe80::1%eth0")
    assert not base_url._is_ipv6("not:an:address")


@pytest.mark.parametrize("region", REGIONS)
def test_a_regions_own_host_is_its_official_address(region: Region) -> None:
    assert official_base_url(region) == f"https://{region.host}"
    assert normalize_base_url(f"https://{region.host}/v1", region, "here") == official_base_url(
        region
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://proxy.example.org", "https://proxy.example.org"),
        ("https://proxy.example.org/", "https://proxy.example.org"),
        ("https://proxy.example.org/v1", "https://proxy.example.org"),
        ("https://proxy.example.org/v1/", "https://proxy.example.org"),
        ("https://proxy.example.org/kimi/v1", "https://proxy.example.org/kimi"),
        ("https://proxy.example.org/kimiv1", "https://proxy.example.org/kimiv1"),
        ("HTTPS://Proxy.Example.ORG", "https://proxy.example.org"),
        ("https://proxy.example.org.", "https://proxy.example.org"),
        ("https://proxy.example.org:443", "https://proxy.example.org"),
        ("https://proxy.example.org:8443/v1", "https://proxy.example.org:8443"),
        ("https://10.0.0.7", "https://10.0.0.7"),
        ("https://api.moonshot.ai//v1/", "https://api.moonshot.ai"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        ("http://127.255.0.9", "http://127.255.0.9"),
        ("http://localhost:80", "http://localhost"),
        ("http://LOCALHOST.:81", "http://localhost:81"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_normalised(written: str, meant: str) -> None:
    assert normalize_base_url(written, Region.INTERNATIONAL, "here") == meant


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(
    "shape",
    [
        "https://{}",
        "https://{}/",
        "https://{}/v1",
        "https://{}/v1/users/me/balance",
        "https://{}.",
        "https://{}..",
        "https://{}:443",
        "https://{}:8443/v1",
        "https://{}.:443",
        "http://{}",
        "HTTPS://{}",
        "https:\\\\{}",
        "https:/{}",
        "https:{}",
        "//{}",
        "{}",
        "https://example.org\\@{}",
        "https://user@{}",
        "https://example.org#@{}",
        "https://example.org?@{}",
        "https://\t{}",
        " https://{}",
        "https://{}\u3002",
    ],
)
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_the_other_regions_host_is_refused_however_it_is_written(
    region: Region, shape: str, case: type[str]
) -> None:
    other = next(each for each in Region if each is not region)
    refused(shape.format(case(other.host)), region)
    dotted = case(other.host)
    for trick in (dotted.replace(".", "%2e"), dotted.replace(".", "\u3002"), dotted + "%00"):
        refused(shape.format(trick), region)
    refused(shape.format("%61" + dotted[1:]), region)
    refused(shape.format("\uff41" + dotted[1:]), region)


def test_the_other_regions_host_is_named_with_a_remedy() -> None:
    said = refused("https://api.moonshot.cn/v1")
    assert "china" in said
    assert "international" in said


ANTHROPIC, ENDPOINT, PATH = "Anthropic's clients", "a single endpoint", "a path that the API does"
CODE, WEBSITE = "Kimi Code", "a website"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("{api}/anthropic", ANTHROPIC),
        ("{api}/anthropic/", ANTHROPIC),
        ("{api}/Anthropic/v1", ANTHROPIC),
        ("{api}/anthropic/v1/messages", ANTHROPIC),
        ("{api}:443/v1/chat/completions", ENDPOINT),
        ("{api}/v1/chat/completions/", ENDPOINT),
        ("{api}/v1/users/me/balance", ENDPOINT),
        ("{api}/v1/models", ENDPOINT),
        ("{api}/v1/tokenizers/estimate-token-count", PATH),
        ("https://gateway.example/v1/messages", ENDPOINT),
        ("https://gateway.example/kimi/v1/chat/completions", ENDPOINT),
        ("http://localhost:4000/v1/users/me/balance", ENDPOINT),
        ("{api}/v2", PATH),
        ("{api}/v1/v1", PATH),
        ("{api}./api", PATH),
        ("{api}/coding/v1", PATH),
        ("https://api.kimi.com/coding/v1", CODE),
        ("https://api.kimi.com/coding", CODE),
        ("https://API.kimi.com", CODE),
        ("https://api.kimi.ai/v1", CODE),
        ("https://platform.moonshot.ai", WEBSITE),
        ("https://platform.moonshot.cn/v1", WEBSITE),
        ("https://platform.kimi.ai/console/account", WEBSITE),
        ("https://platform.kimi.com", WEBSITE),
        ("https://www.kimi.com/coding/docs", WEBSITE),
        ("https://kimi.com", WEBSITE),
        ("https://kimi.ai.", WEBSITE),
        ("https://moonshot.cn/v1", WEBSITE),
        ("https://www.moonshot.cn", WEBSITE),
        ("https://kimi.moonshot.cn/api", WEBSITE),
    ],
)
@pytest.mark.parametrize("region", REGIONS)
def test_another_api_of_the_provider_is_named_with_what_to_write(
    region: Region, written: str, what: str
) -> None:
    said = refused(written.format(api=official_base_url(region)), region)
    assert f"cannot be used: it {'has' if what == PATH else 'is'} " in said
    assert what in said
    assert f" Write https://{region.host}/v1, or leave it out: the region decides." in said


@pytest.mark.parametrize(
    "written",
    [
        "https://api.moonshot.ai.example.org",
        "https://gateway.example/anthropic",
        "https://gateway.example/models/v1",
        "https://gateway.example/v1/account/gateway",
        "https://platform.kimi.ai.example.org/v2",
        "https://notkimi.com",
        "https://api-eu.moonshot.ai",
    ],
)
def test_what_only_resembles_another_api_is_used(written: str) -> None:
    meant = normalize_base_url(written, Region.INTERNATIONAL, "here")
    assert meant == written.removesuffix("/v1")


@pytest.mark.parametrize(
    "written",
    [
        f"https://user:{PASSWORD}@proxy.example.org/v1",
        f"https://{PASSWORD}@proxy.example.org",
        f"https://:{PASSWORD}@proxy.example.org",
        f"http://user:{PASSWORD}@127.0.0.1:8080",
        "https://@proxy.example.org",
        f"https://proxy.example.org/v1?key={PASSWORD}",
        f"https://proxy.example.org/v1#{PASSWORD}",
        "https://proxy.example.org/v1?",
        "https://proxy.example.org/v1#",
        f"https://user:{PASSWORD}@",
        f"https://{PASSWORD} .example.org",
        f"ftp://{PASSWORD}",
        f"https://proxy.example.org:{PASSWORD}",
        f"https://[{PASSWORD}]",
        "https://[v1.example]",
    ],
)
def test_credentials_are_refused_and_never_repeated(written: str) -> None:
    assert PASSWORD not in refused(written)


@pytest.mark.parametrize(
    "host",
    [
        "proxy.example.org",
        "api.moonshot.ai",
        "10.0.0.7",
        "128.0.0.1",
        "[2001:db8::1]",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "notlocalhost",
    ],
)
def test_plain_http_is_refused_beyond_this_machine(host: str) -> None:
    assert "https" in refused(f"http://{host}:8080")
    assert not is_loopback(host.strip("[]"))


@pytest.mark.parametrize(
    "written",
    [
        "https://",
        "https:///v1",
        "https://:443",
        "https://.",
        "https://.example.org",
        "https://exa mple.org",
        "https://example.org:0",
        "https://example.org:65536",
        "https://example.org:-1",
        "https://example.org/\u00e9",
        "https://ex\u00e4mple.org",
        "https://example.org/\n",
        "https://" + "a" * 64 + ".org",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "ftp://example.org",
        "file:///etc/passwd",
        "example.org",
        "example.org:443/v1",
    ],
)
def test_what_is_no_usable_address_is_refused(written: str) -> None:
    refused(written)


@given(st.text(max_size=30), st.sampled_from(REGIONS))
@example("@api.moonshot.cn", Region.INTERNATIONAL)
@example(":443@api.moonshot.ai", Region.CHINA)
def test_any_text_after_the_scheme_is_an_address_or_refused(rest: str, region: Region) -> None:
    try:
        meant = normalize_base_url(f"https://{rest}", region, "here")
    except ProblemError:
        return
    assert urlsplit(meant).scheme == "https"
    assert urlsplit(meant).hostname not in {each.host for each in Region if each is not region}
    assert normalize_base_url(meant + "/v1", region, "here") == meant
