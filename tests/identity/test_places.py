"""Where somebody goes after signing in is never another site, whatever `next` says."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboards.identity.places import local_path, sign_in_for

HERE = "http://console.example"


@pytest.mark.parametrize("path", ["/", "/noc", "/noc?account=acme&x=1", "/admin/audit#newest"])
def test_a_path_of_this_console_stays(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        *("", "noc", "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil"),
        *("/\t/evil.example", "/\n/evil", " /noc", "javascript:alert(1)", "/é", "/" + "x" * 2_000),
    ],
)
def test_anything_else_does_not(text: str) -> None:
    assert local_path(text, "/noc") == "/noc"


@given(st.text(alphabet="/\\:.@?#\t\n\r evil%0h", max_size=12))
@example("/\t/evil")
def test_no_text_leads_to_another_host(text: str) -> None:
    # Browsers drop tabs and line ends and take \\ for /.
    read = local_path(text).translate(str.maketrans("\\", "/", "\t\n\r"))
    assert urlsplit(urljoin(HERE, read)).netloc == "console.example"


def test_the_sign_in_page_leads_back() -> None:
    assert sign_in_for("/noc?a=1&b=2") == "/sign-in?next=/noc%3Fa%3D1%26b%3D2"
