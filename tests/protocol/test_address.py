"""What the address of an office may be, and what is said of everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biandun_protocol.address import AddressProblem, office_address

GOOD = {
    "http://127.0.0.1:8420": "http://127.0.0.1:8420",
    "https://office.example/": "https://office.example",
    "https://office.example/biandun/": "https://office.example/biandun",
    "http://[::1]:8420": "http://[::1]:8420",
    "HTTP://Office.Example": "HTTP://Office.Example",
    "https://xn--fiq228c.example:443": "https://xn--fiq228c.example:443",
    "http://localhost": "http://localhost",
}
WRONG = {
    "http://127.0.0.1：8431": "第 17 个字符“：”",
    "http：//127.0.0.1:8431": "第 5 个字符“：”",
    "http://编办.example": "第 8 个字符“编”",
    "http://１27.0.0.1": "第 8 个字符“１”",
    " http://127.0.0.1": "第 1 个字符“U+0020”",
    "http://127.0.0.1\n": "第 17 个字符“U+000A”",
    "http://127.0.0.1\u202e": "第 17 个字符“U+202E”",
    "127.0.0.1:8431": "http://",
    "office.example": "http://",
    "ftp://office.example": "http://",
    "http:/office.example": "http://",
    "": "http://",
    "http://": "主机名",
    "http://:8420": "主机名",
    "http://127.0.0.1:0": "端口",
    "http://127.0.0.1:99999": "端口",
    "http://127.0.0.1:port": "端口",
    "http://127.0.0.1:": "端口",
    "http://127.0.0.1:08420": "端口",
    "http://999.0.0.1": "主机名",
    "http://-a.example": "主机名",
    "http://a..b": "主机名",
    "http://[::1": "主机名",
    "http://[zz]": "主机名",
    "http://[]": "主机名",
    "http://user@office.example": "用户名",
    "http://user:secret@office.example": "用户名",
    "http://office.example?x=1": "路径",
    "http://office.example/#a": "路径",
    "http://office.example/a//b": "路径",
    "http://office.example/../a b": "第 27 个字符",
    "http://" + "a" * 400: "300",
}


@pytest.mark.parametrize(("text", "address"), GOOD.items())
def test_an_address_is_taken_without_its_last_slash(text: str, address: str) -> None:
    assert office_address(text) == address


@pytest.mark.parametrize(("text", "said"), WRONG.items())
def test_what_is_no_address_is_a_usage_error_that_shows_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(AddressProblem) as caught:
        office_address(text)
    assert (caught.value.code, caught.value.exit_status) == ("office-address", 2)
    assert said in caught.value.message("zh")


@pytest.mark.parametrize(
    "text", ["http://user:secret@office.example", "http://user:secret口令@office.example:0"]
)
def test_a_password_in_an_address_is_not_repeated(text: str) -> None:
    with pytest.raises(AddressProblem) as caught:
        office_address(text)
    assert "secret" not in caught.value.message("zh") + caught.value.message("en") + repr(
        caught.value
    )


@given(
    st.text(max_size=40)
    | st.text("htps:/[]@.:0123456789abc-?#", max_size=40).map("http://".__add__)
)
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = office_address(text)
    except AddressProblem:
        return
    assert address.isascii()
    assert office_address(address) == address
